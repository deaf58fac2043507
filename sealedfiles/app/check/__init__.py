"""The checks of `sealedfiles check`, which need no key: the index, commits, and ``.sealedfiles/``.

``kinds`` and ``findings`` define findings.  ``content`` reads one stored file; ``tokens`` compares it
with the rules, the keys and itself, ``changes`` with its parents.  ``versions`` reads one
version of a repository, ``renames`` its parents, ``readers`` its ``.sealedfiles/``.  ``all_files`` finds
problems for which all files are needed, ``keyed`` those for which a key is needed.  ``checker`` checks one
version, ``scope`` selects the versions, ``run`` is one run, ``output`` prints the findings.
"""
