"""Work that keeps a lake small and quick, apart from daily runs: bounded, and taken up again."""
