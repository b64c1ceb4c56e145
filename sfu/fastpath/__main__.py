"""python -m sfu.fastpath: compile the kernel into its cache, so that the first start is as fast as later
ones."""

from sfu.fastpath.loader import prepare_kernel

if __name__ == "__main__":
    prepare_kernel()
