"""Common configuration values, which are in many files and are not secrets.

A value that could be a password is not common: a pattern allows only fixed words, or words of letters after a
fixed beginning.
"""

from __future__ import annotations

import re

from sealedfiles.util.lazy_pattern import lazy_pattern

_WORDS = frozenset(
    b"localhost 127.0.0.1 postgres postgresql password username production development staging database "
    b"disabled required optional internal external default_ anonymous administrator changeme "
    b"info@example.com example.com information critical".split()
)

_SETTING = lazy_pattern(
    rb"""
    # the own machine: http://localhost:8000, redis://127.0.0.1:6379/0, localhost:5432
      (?: [a-z]{2,12}:// )? (?: localhost | 127\.0\.0\.1 | 0\.0\.0\.0 | \[::1?\] ) (?: : \d{1,5} )?
      (?: / (?: [a-z]{0,12} | \d{1,2} ) )?
    # regions and zones of AWS and Google Cloud (eu-central-1, europe-west1-b), and of Azure
    | (?: af | africa | ap | asia | australia | ca | cn | eu | europe | il | me | mx | northamerica | sa
      | southamerica | us ) (?: -gov )?
      - (?: north | south | east | west | central ){1,2} -? \d{1,2} (?: -? [a-f] )?
    | (?: north | south | east | west | central ){1,2} (?: us | europe ) [23]?
    # time zones: Europe/Berlin, America/Argentina/Buenos_Aires
    | (?: Africa | America | Antarctica | Arctic | Asia | Atlantic | Australia | Europe | Indian | Pacific )
      (?: / (?: Argentina | Indiana | Kentucky | North_Dakota ) )?
      / [A-Z][a-z]{2,14} (?: [_-] [A-Za-z][a-z]{1,14} ){0,3}
    | US/ (?: Alaska | Arizona | Central | Eastern | Hawaii | Mountain | Pacific )
    # locales: en_US.UTF-8
    | [a-z]{2} [_-] [A-Z]{2} \. (?i: utf-?8 | iso-?8859-1 )
    # MIME types: application/json, text/html; charset=utf-8
    | (?: application / [a-z]{1,16} (?: [.+-] [a-z]{1,16} ){0,4}
        | audio / (?: mpeg | ogg | wav ) | font / woff2?
        | image / (?: avif | gif | jpeg | png | svg[+]xml | webp | x-icon )
        | multipart / (?: alternative | form-data | mixed )
        | text / (?: css | csv | event-stream | html | javascript | markdown | plain | xml )
        | video / (?: mp4 | mpeg | ogg | webm ) )
      (?: ; [ ]? charset= (?i: utf-8 ) )?
    # formats of dates: YYYY-MM-DD, yyyy-MM-dd'T'HH:mm:ss, %Y-%m-%d %H:%M
    | (?: YYYY | YY? | yyyy | yy | M{2,4} | [Dd]{2} | HH | hh | mm | ss | S{3} ) (?:
      (?: [ :,./-] | 'T' | T ){0,2}
      (?: YYYY | YY | yyyy | yy | M{2,4} | [Dd]{2} | HH | hh | mm | ss | S{3} | A | a | Z ) ){1,7}
    | % [ABHIMSYZabdfjmpyz] (?: [ :,./T-]{0,2} % [ABHIMSYZabdfjmpyz] ){1,7} Z?
    # secret references: they are sealed so that nobody can change them, not because they are secret
    | ref[+] (?: vault | aws-sm | aws-ssm | op | keyring | env ) :// [\w./%:@\#-]+
    # folders of the system, also several: /usr/local/bin:/usr/bin
    | {FOLDER} (?: : {FOLDER} ){0,9}
    # images with their system: postgres:16-alpine
    | [a-z]{3,16} : \d{1,2} (?: \. \d{1,2} ){0,2} - (?: alpine | slim | bookworm | bullseye )
    """.replace(
        b"{FOLDER}",
        rb"/ (?: bin | dev | etc | lib | opt | proc | run | sbin | tmp | usr | var )"
        rb" (?: / [a-z]{1,16} (?: [._-] [a-z]{1,16} ){0,2} ){0,5} /?",
    ),
    re.VERBOSE,
)


def is_common(text: bytes) -> bool:
    """Return True if *text* is a common configuration value that is not a secret."""
    return text.lower() in _WORDS or _SETTING.fullmatch(text) is not None
