"""What no line of the package does, each rule as one short walk over the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.contract.source import Module, at, below, calls, constant, dotted, imports, modules, nodes

UNPICKLERS = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv")


def test_only_settings_reads_the_environment() -> None:
    broken = [at(module, node) for module, node in nodes(ast.Attribute) if module.room != "settings" and dotted(node) in ENVIRONMENT]
    broken += [str(one) for one in imports() if one.importer.room != "settings" and one.imported in ENVIRONMENT]
    assert not broken, broken


def test_no_error_vanishes() -> None:
    """No bare `except`, and no handler that does nothing at all (`contextlib.suppress` says what it suppresses)."""
    broken = []
    for module, node in nodes(ast.ExceptHandler):
        assert isinstance(node, ast.ExceptHandler)
        silent = all(isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in node.body)
        if node.type is None or silent:
            broken.append(at(module, node))
    assert not broken, broken


def test_no_code_of_a_model_is_trusted() -> None:
    broken = [at(module, value) for module, name, value in _named_values() if name == "trust_remote_code" and constant(value) is not False]
    assert not broken, broken


def test_models_load_from_this_machine_and_from_safetensors_only() -> None:
    """Each `from_pretrained` says so itself: left out, the library would ask the network, or on stdin, or open a pickle."""
    broken = []
    for module, name, call in calls():
        if not name.endswith(".from_pretrained"):
            continue
        given = _keywords(module, call)
        wanted: dict[str, object] = {"local_files_only": True}
        adapter, weights = name.startswith("Peft"), not any(kind in name for kind in ("Tokenizer", "Config"))
        if not adapter:
            wanted["trust_remote_code"] = False
        if weights and "gguf_file" not in given:
            wanted["use_safetensors"] = True
        for key, value in wanted.items():
            if constant(given.get(key)) is not value:
                broken.append(f"{at(module, call)} {name} lacks {key}={value}")
        if weights and not adapter and dotted(given.get("dtype", ast.Name(""))) != "torch.float32":
            broken.append(f"{at(module, call)} {name} lacks dtype=torch.float32")
    assert not broken, "\n".join(broken)


def test_nothing_is_unpickled() -> None:
    broken = [str(one) for one in imports() if any(below(one.imported, name) for name in UNPICKLERS)]
    for module, name, call in calls():
        given = _keywords(module, call)
        if name == "torch.load" and constant(given.get("weights_only")) is not True:
            broken.append(f"{at(module, call)} torch.load without weights_only=True")
        if name.endswith((".read_pickle", ".to_pickle")) or constant(given.get("allow_pickle")) is True:
            broken.append(f"{at(module, call)} {name}")
    assert not broken, broken


def test_no_shell_and_no_text_is_run_as_code() -> None:
    broken = [at(module, value) for module, name, value in _named_values() if name == "shell" and constant(value) is not False]
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
    broken += [f"{at(module, call)} {name}" for module, name, call in calls() if name in forbidden]
    assert not broken, broken


def test_yaml_is_read_safely() -> None:
    broken = [f"{at(module, call)} {name}" for module, name, call in calls() if name in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}]
    assert not broken, broken


def test_every_module_says_what_it_is_for() -> None:
    silent = [module.path for module in modules() if not ast.get_docstring(module.tree)]
    assert not silent, silent


def _named_values() -> Iterator[tuple[Module, str, ast.AST]]:
    """Every keyword of a call, and every key of a dict literal, with its value."""
    for module, node in nodes((ast.keyword, ast.Dict)):
        if isinstance(node, ast.keyword) and node.arg:
            yield module, node.arg, node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield module, key.value, value


def _keywords(module: Module, call: ast.Call) -> dict[str, ast.AST]:
    """A call's keywords by name; those of `**name` too, when the module assigns a dict literal (or `dict(…)`) to that name."""
    given: dict[str, ast.AST] = {}
    for keyword in call.keywords:
        if keyword.arg:
            given[keyword.arg] = keyword.value
        else:
            given |= _literal(module, dotted(keyword.value))
    return given


def _literal(module: Module, name: str) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for node in ast.walk(module.tree):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if not name or name not in [dotted(target) for target in targets]:
            continue
        for one in ast.walk(node.value) if node.value is not None else ():
            if isinstance(one, ast.Dict):
                found |= {str(key.value): value for key, value in zip(one.keys, one.values, strict=True) if isinstance(key, ast.Constant)}
            elif isinstance(one, ast.Call) and dotted(one.func) == "dict":
                found |= {keyword.arg: keyword.value for keyword in one.keywords if keyword.arg}
    return found
