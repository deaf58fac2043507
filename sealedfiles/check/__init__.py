"""What `sealedfiles check` finds, without any key: in the index, in commits, in ``.sealedfiles/``.

``findings`` and ``kinds`` say what a finding is; ``content``, ``tokens`` and ``changes`` look at one
stored file; ``readers`` looks at ``.sealedfiles/``; ``versions`` and ``attributes`` read one state of a
repository, ``scope`` says which states are looked at, ``looking`` looks at one of them, ``output`` writes
what was found.
"""
