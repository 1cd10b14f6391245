"""Change the code in one place after another and see whether a test notices: `python -m tests.mutation [module …]`.

Needs the dependency group ``mutation`` and half an hour for all modules. It prints what no test noticed and nobody has
explained below, and fails if there is any.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TESTS = {
    "values/languages": "tests/values/test_languages.py",
    "values/diff": "tests/values/test_diff.py",
    "lint/rules": "tests/lint/test_rules.py",
    "publishing/publisher": 'tests/publishing/test_publisher.py tests/publishing/test_upgrade.py -m "not host"',
}

# A text that is no number fails with every other operator alike, so one of them is enough.
_OPERATORS = {"Mod_Sub", "Sub_Add", "Mul_Div", "Add_Sub", "Pow_Mul"}
# These differ by chance only, for values that Python happens to keep once.
_IDENTITY = re.compile(r"Comparison.*_(Is|IsNot)$")
_IDENTITIES = re.compile("_(Is_IsNot|IsNot_Is)$")

# By module and a part of the line: what no test can notice, by the operators that it is about, and why.
EXPLAINED: dict[str, list[tuple[str, str, str]]] = {
    "values/languages": [
        ("@lru_cache(maxsize=200)", "", "It only saves time."),
        ("part) == 1:", "Eq_LtE", "A part without any letter is nothing else either."),
        ("part) == 2 and part.isalpha()", "Eq_LtE", "One letter ended the loop before, and none is no letter."),
        ('if primary == "zh"', "Eq_GtE", "A script that is implied for both sides is the same on both."),
    ],
    "values/diff": [
        ("@dataclass", "", "Tested for all values at once, in tests/values/test_entry.py."),
    ],
    "lint/rules": [
        ("@dataclass", "", "Tested for all values at once, in tests/values/test_entry.py."),
        ("Outcome.UNKNOWN", "Eq_GtE", "It is the last of the outcomes in the alphabet."),
        ("Outcome.ACCEPTED", "Eq_LtE", "It is the first of the outcomes in the alphabet."),
        ("RetryAdvice.CHECK_STATUS_FIRST", "NotEq_Gt", "It is the first of the advice in the alphabet."),
        ("RetryAdvice.RETRY_LATER", "NotEq_Lt", "It is the last of the advice in the alphabet."),
        ('found[1] == "customer_message"', "Eq_LtE", "It is the first of the fields in the alphabet."),
        ('name == "title"', "Eq_GtE", "It is the last of the fields in the alphabet."),
        ("% 10 == 0", "Eq_LtE", "A remainder is never negative."),
    ],
    "publishing/publisher": [
        ("@dataclass", "", "Tested for all values at once, in tests/values/test_entry.py."),
        ("*", "Mul_Div", "Arguments that are given by name may also be given by place."),
        (
            "if wording_only:",
            "AddNot",
            "It locks more or less; tests/hosts/test_concurrency.py has what locks are for.",
        ),
        ("using or router", "OrWithAnd", "With one database both are the same."),
        ("issue.level == ", "Eq_LtE", "It is the first of the levels in the alphabet."),
        ("alias == router", "Eq_", "With one database both are the same."),
        ("isascii() and code.isdigit()", "AndWithOr", "SQLite takes any text for what it is; other databases do not."),
        ("not in entry.messages", "OrWithAnd", "A code without its source texts is refused before."),
        ("revisions[-1].number", "NumberReplacer", "All revisions of a publish have one number."),
    ],
}


def main(modules: list[str]) -> int:
    """Return 1 if a change was not noticed and is not explained."""
    survivors = {module: _survivors(module) for module in modules or TESTS}
    for module, found in survivors.items():
        for line, operator in found:
            print(f"{module}: {operator}: {line}")
    return 1 if any(survivors.values()) else 0


def _survivors(module: str) -> list[tuple[str, str]]:
    """Return the lines that were changed without notice, each with how, but for those that are explained."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv*", "__pycache__", "docs", "dist"))
        source = (tree / "pts_errors" / f"{module}.py").read_text(encoding="utf-8").splitlines()
        pytest = [sys.executable, "-B", "-m", "pytest", "-xq", "-p", "no:randomly", "-p", "no:cacheprovider"]
        (tree / "mutation.toml").write_text(
            f"""[cosmic-ray]
module-path = "pts_errors/{module}.py"
timeout = 120
excluded-modules = []
test-command = '''{shlex.join(pytest)} {TESTS[module]}'''
distributor.name = "local"
""",
            encoding="utf-8",
        )
        _cosmic_ray(tree, "init")
        with sqlite3.connect(tree / "mutation.sqlite") as session:
            _drop_duplicates(session)
        _cosmic_ray(tree, "exec")
        with sqlite3.connect(tree / "mutation.sqlite") as session:
            rows = session.execute(
                "SELECT start_pos_row, operator_name FROM mutation_specs JOIN work_results USING (job_id)"
                " WHERE test_outcome = 'SURVIVED' ORDER BY 1"
            ).fetchall()
    found = [(source[row - 1].strip(), operator.removeprefix("core/")) for row, operator in rows]
    return [(line, operator) for line, operator in found if not _is_explained(module, line, operator)]


def _is_explained(module: str, line: str, operator: str) -> bool:
    return any(part in line and about in operator for part, about, _why in EXPLAINED[module])


def _cosmic_ray(tree: Path, verb: str) -> None:
    command = [str(Path(sys.executable).parent / "cosmic-ray"), verb, "mutation.toml", "mutation.sqlite"]
    subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)


def _drop_duplicates(session: sqlite3.Connection) -> None:
    for job, operator in session.execute("SELECT job_id, operator_name FROM mutation_specs").fetchall():
        arithmetic = re.fullmatch("core/ReplaceBinaryOperator_(.*)", operator)
        by_identity = _IDENTITY.search(operator) and not _IDENTITIES.search(operator)
        if by_identity or (arithmetic and arithmetic[1] not in _OPERATORS) or "USub" in operator:
            for table in ("mutation_specs", "work_items"):
                session.execute(f"DELETE FROM {table} WHERE job_id = ?", [job])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
