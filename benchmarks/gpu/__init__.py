"""What a GPU brings: `make bench-gpu`."""
