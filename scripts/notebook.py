"""Runs a file in Deno's kernel of Jupyter, a cell for each paragraph; fails where a cell does."""
import sys

import nbclient
import nbformat

with open(sys.argv[1]) as file:
    cells = [nbformat.v4.new_code_cell(text) for text in file.read().split("\n\n")]
kernel = {"name": "deno", "display_name": "Deno", "language": "typescript"}
notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
nbclient.NotebookClient(notebook, timeout=120, kernel_name="deno").execute()
