"""What `sealedfiles check` finds, without any key: in the index, in commits, in ``.sealedfiles/``.

``kinds`` and ``findings`` say what a finding is.  ``content`` reads one stored file; ``tokens`` holds it
against rules, keys and itself, ``changes`` against what it was.  ``versions`` and ``attributes`` read one
state of a repository, ``renames`` its parents, ``readers`` its ``.sealedfiles/``; ``copies``, ``rule_use``
and ``keyed`` take note of what only shows over all files, or with a key.  ``looking`` looks at one state,
``scope`` says at which ones, ``run`` is one run of it, ``output`` writes what was found.
"""
