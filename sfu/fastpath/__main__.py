"""python -m sfu.fastpath: compile the kernel into its cache, so that the first start is as quick as the
others."""

from sfu.fastpath.fastpath import prepare_kernel

if __name__ == "__main__":
    prepare_kernel()
