"""Which rows of a table are in use. A row is cleared before it is reused, and then has another generation."""

import numpy as np
import numpy.typing as npt

from sfu.fastpath.kernel.tables import TableFull
from sfu.fastpath.memory import Table


class RowBook:
    """The free rows of one table, lowest first, so that the kernel's tables stay dense."""

    def __init__(self, name: str, rows: Table) -> None:
        self._name = name
        self._rows = rows
        self._words: npt.NDArray[np.int64] = rows.view(np.ndarray).view(np.int64).reshape(len(rows), -1)
        self._free = list(range(len(rows) - 1, -1, -1))

    def take(self, **fields: int) -> int:
        """A cleared row with these fields set. Raises TableFull."""
        if not self._free:
            raise TableFull(self._name)
        row = self._free.pop()
        self._rows["used"][row] = 1
        for name, value in fields.items():
            self._rows[name][row] = value
        return row

    def give_back(self, row: int) -> None:
        generation = self._rows["generation"][row] + 1
        self._words[row] = 0
        self._rows["generation"][row] = generation
        self._free.append(row)
