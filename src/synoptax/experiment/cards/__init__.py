"""Cards: one question a file, one line a card. The file's name is the command's: `synoptax run CARD`."""

from .tiny_waves import TinyWaves as TinyWaves
