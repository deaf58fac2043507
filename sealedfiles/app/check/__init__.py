"""The checks of `sealedfiles check`, which need no key: the index, commits, and ``.sealedfiles/``.

``kinds`` and ``findings`` define findings.  ``content`` reads one stored file; ``tokens`` compares it
with the rules, the keys and itself, ``changes`` with its parents.  ``versions`` and ``attributes`` read one
state of a repository, ``renames`` its parents, ``readers`` its ``.sealedfiles/``; ``copies``, ``rule_use``
and ``keyed`` find what needs all files, or a key.  ``looking`` checks one state,
``scope`` selects the states, ``run`` is one run, ``output`` prints the findings.
"""
