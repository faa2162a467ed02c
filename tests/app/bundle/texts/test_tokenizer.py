"""Texts of any language as codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle.texts.tokenizer import FIRST, UNKNOWN, Tokenizer, clean, is_spaced, learn_vocabulary

TEXTS = ["a good room, good food", "good rooms are rare", "房间很好", "房间很小，不好"]


def test_case_width_and_spaces_do_not_matter() -> None:
    assert clean("ＧＯＯＤ\t\n  Room\x00!", 100) == clean("good room !", 100) == "good room !"


def test_invisible_marks_are_removed() -> None:
    assert clean("go\u00ado\u200bd", 100) == "good"


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_cleaned_text_is_never_longer_than_allowed(text: str, max_characters: int) -> None:
    """One character may become eighteen in NFKC."""
    assert len(clean(text, max_characters)) <= max_characters


def test_characters_are_tokens_in_unspaced_writings() -> None:
    vocabulary = learn_vocabulary(TEXTS)
    assert {"房", "间", "好", "▁good"} <= set(vocabulary)
    encode = Tokenizer(vocabulary).encode
    assert encode("好房") == [FIRST + vocabulary.index("好"), FIRST + vocabulary.index("房")]
    assert encode("good") == [FIRST + vocabulary.index("▁good")]


def test_an_unknown_word_is_encoded_in_pieces() -> None:
    vocabulary = learn_vocabulary(["unkind unfair unfit", "kindness fairness fitness"])
    pieces = [vocabulary[code - FIRST] for code in Tokenizer(vocabulary).encode("unfitness")]
    assert "".join(pieces) == "▁unfitness"
    assert len(pieces) < len("▁unfitness")


def test_an_unseen_character_is_unknown() -> None:
    assert Tokenizer(learn_vocabulary(TEXTS)).encode("猫") == [UNKNOWN]


@given(st.text())
def test_any_text_has_codes_in_range(text: str) -> None:
    vocabulary = learn_vocabulary(TEXTS)
    codes = Tokenizer(vocabulary).encode(clean(text, 1000))
    assert all(UNKNOWN <= code < Tokenizer.n_codes(vocabulary) for code in codes)


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("a good room", True),
        ("房间很好 wifi", False),
        ("とても良い部屋", False),
        ("очень хорошо", True),
        ("ห้องสวยมาก", False),
    ],
)
def test_spaced_and_unspaced_writings_are_told_apart(text: str, *, spaced: bool) -> None:
    assert is_spaced([text]) is spaced


def test_vowel_signs_stay_in_their_word() -> None:
    assert "▁हिन्दी" in learn_vocabulary(["हिन्दी हिन्दी"])
