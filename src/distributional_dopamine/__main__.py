"""``python -m distributional_dopamine``: the same as the command ``distributional-dopamine``."""

from distributional_dopamine.commands import main

if __name__ == "__main__":
    main(prog_name="distributional-dopamine")
