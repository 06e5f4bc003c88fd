"""Helpers for the notebooks of *Executable Mathematics for Machine Learning*.

Each module is short enough to be read from top to bottom:

=============  ==========================================================
``checks``     assert that what a page claims is true, and that what a
               source note prints is not
``explore``    figures: still ones, and ones that move without a kernel
``plots``      the style of the book's figures and their drawing primitives
``markov``     finite Markov chains
``calculus``   finite differences and the classification of stationary points
``linalg``     determinants, linear systems, decompositions of a matrix
``gaussian``   the multivariate normal distribution
=============  ==========================================================
"""

__version__ = "0.1.0"
