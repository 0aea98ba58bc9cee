"""Objects of users travel to other processes: by name where these can import them."""

import pickle
import subprocess
import sys
import types

from metatune.files.by_value import pickle_by_value


def made_up(name: str) -> types.ModuleType:
    """Return a module that lies in no file."""
    module = types.ModuleType(name)
    exec("class Thing:\n    def say(self):\n        return 'here'\n", module.__dict__)
    return module


def elsewhere(pickled: bytes) -> str:
    code = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])).say())"
    done = subprocess.run(
        [sys.executable, "-c", code, pickled.hex()], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


def test_what_others_cannot_import_travels_by_value() -> None:
    module = made_up("made_up_for_a_test")
    sys.modules[module.__name__] = module
    try:
        pickled = pickle_by_value(module.Thing(), module.__name__)
        assert "ModuleNotFoundError" in elsewhere(pickle.dumps(module.Thing()))
    finally:
        del sys.modules[module.__name__]
    assert elsewhere(pickled) == "here"


def test_what_is_installed_travels_by_name() -> None:
    from sklearn.svm import SVC

    pickled = pickle_by_value(SVC(C=3.0), "sklearn.svm._classes")
    assert b"sklearn.svm._classes" in pickled
    assert len(pickled) < 1_000
    assert pickle.loads(pickled).C == 3.0
