"""Status sentences, the catalogue, saving, errors. Knows no science."""

from .catalogue import entries as entries, lookup as lookup
from .clock import Elapsed as Elapsed, timed as timed
from .errors import InputError as InputError
from .files import atomic as atomic, explain as explain, refuse_other_kind as refuse_other_kind
from .monitor import Monitor as Monitor
from .serialise import fingerprint as fingerprint, load as load, save as save
from .status import Status as Status
from .told import told as told
