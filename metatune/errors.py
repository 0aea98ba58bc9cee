"""Errors of metatune, one tree.

MetatuneError
├── InputError (also a ValueError): the caller's input or options are at fault, exit code 2
│   ├── OptionError      an option or parameter has a value that cannot work
│   ├── TableError       a table cannot be read or used
│   ├── TargetError      the target column cannot be found or learned
│   ├── SchemaError      a table does not fit the model that shall predict it
│   ├── BundleError      a saved model or run directory cannot be used
│   ├── ExportError      a model cannot be written as a script
│   ├── SpaceError       a configuration lies outside its search space
│   └── OpenMLError      what was asked of an OpenML server cannot be had
├── MetadataError (also a RuntimeError): the meta-dataset is missing, damaged or of another schema
└── SearchError (also a RuntimeError): the search could not run at all
    └── ClusterLostError the workers of a cluster went away in the middle of it

and of its warnings, which scikit-learn's habits ask for where a command would say a line:

MetatuneWarning (also a UserWarning)
├── DataWarning          something in the training table makes results misleading
│   └── LeakWarning      columns of it give the target away
├── UnusedCellsWarning   cells of a table to predict are taken as missing
├── UnlikeTrainingWarning  columns of a table to predict are unlike those of the training
├── UnknownColumnsWarning  columns of a table to predict are ignored
├── PartialModelWarning  the fit was interrupted: the model is the best so far
└── ListenerWarning      a listener failed, and is told nothing more

Every message is one line that says what is wrong, where, and how to mend it.
"""

import inspect
import warnings

__all__ = [
    "BundleError",
    "ClusterLostError",
    "DataWarning",
    "ExportError",
    "InputError",
    "LeakWarning",
    "ListenerWarning",
    "MetadataError",
    "MetatuneError",
    "MetatuneWarning",
    "OpenMLError",
    "OptionError",
    "PartialModelWarning",
    "SchemaError",
    "SearchError",
    "SpaceError",
    "TableError",
    "TargetError",
    "UnknownColumnsWarning",
    "UnlikeTrainingWarning",
    "UnusedCellsWarning",
    "warn_caller",
]

_INNER = ("metatune", "sklearn", "joblib")  # packages between the user's line and a warning


class MetatuneError(Exception):
    """Base of every error that metatune raises on purpose."""


class InputError(MetatuneError, ValueError):
    """The caller's input or options are at fault."""


class OptionError(InputError):
    """An option or parameter has a value that cannot work."""


class TableError(InputError):
    """A table cannot be read or used."""


class TargetError(InputError):
    """The target column cannot be found or learned."""


class SchemaError(InputError):
    """A table does not fit the model that shall predict it."""


class BundleError(InputError):
    """A saved model or run directory cannot be used."""


class ExportError(InputError):
    """A model cannot be written as a script that does without metatune."""


class SpaceError(InputError):
    """A configuration lies outside its search space."""


class OpenMLError(InputError):
    """A request to an OpenML server failed: no connection, or no such resource."""


class MetadataError(MetatuneError, RuntimeError):
    """The meta-dataset is missing, damaged or of another schema."""


class SearchError(MetatuneError, RuntimeError):
    """The search could not run at all."""


class ClusterLostError(SearchError):
    """The workers of a cluster went away in the middle of the search and did not come back."""


class MetatuneWarning(UserWarning):
    """Base of the warnings that metatune raises for its own reasons."""


class DataWarning(MetatuneWarning):
    """Something in the training table makes the results of a run misleading."""


class LeakWarning(DataWarning):
    """Columns of the training table give the target away, so that scores are too good."""


class UnlikeTrainingWarning(MetatuneWarning):
    """Columns of a table to predict are unlike those of the training rows.

    The arguments are the message, and one value for each such column.
    """

    def __str__(self) -> str:
        """Return the message alone."""
        return str(self.args[0])


class UnusedCellsWarning(MetatuneWarning):
    """Cells of a table to predict are taken as missing, since the model cannot use them.

    The arguments are the message, and one value for each column with such cells.
    """

    def __str__(self) -> str:
        """Return the message alone."""
        return str(self.args[0])


class UnknownColumnsWarning(MetatuneWarning):
    """Columns of a table to predict are ignored, since the model was fitted without them."""


class PartialModelWarning(MetatuneWarning):
    """A fit was interrupted by its user: the model is the best of what was tried until then."""


class ListenerWarning(MetatuneWarning):
    """A listener of a run raised an error; the run goes on without telling it anything more."""


def warn_caller(warning: Warning) -> None:
    """Warn of something at the line of the user's that led to it.

    Between that line and metatune may lie any number of scikit-learn's: a pipeline, a wrapper.
    """
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INNER:
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level + 1)
