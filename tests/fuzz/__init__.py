"""Coverage-guided fuzzing of whatever reads outside text and bytes: ``tox -e fuzz``, or ``python -m tests.fuzz``.

Needs Atheris, which has wheels for few systems. One child process per target, because Atheris instruments what is
imported and libFuzzer ends its process at the first finding.
"""
