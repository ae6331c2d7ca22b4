"""Text that stands in Markdown for itself."""

import re

ANYWHERE = re.compile(
    r"""
      \\ (?= [!-/:-@\[-`{-~] | $ )      # a backslash that would take the mark behind it
    | `                                 # code
    | (?<! [^\W_] ) _                   # emphasis, which underscores inside of a word are not
    | _ (?! [^\W_] )
    | (?<! \s ) (?<! ^ ) \*             # emphasis, which a star between spaces is not
    | \* (?! \s | $ )
    | ~                                 # struck out
    | < (?= [A-Za-z/!?] )               # HTML, addresses
    | & (?= \#? \w+ ; )                 # characters by their names
    | (?<= \] ) \(                      # a link
    """,
    re.VERBOSE | re.MULTILINE,
)

AT_THE_START = re.compile(
    r"""
    ^ (?: ( \d{1,9} ) (?= [.)] (?: \s | $ ) )   # a numbered item: the mark behind the number
        | (?= \#{1,6} (?: \s | $ )              # a heading
            | >                                 # a quotation
            | [-+*] (?: \s | $ )                # an item
            | [-=*\ ]+ $                         # a rule, or the line above a heading
            | [-:|\ ]+ $                         # the line below the head of a table
            | \[ [^\]\n]* \\? \] :              # what a link stands for
          )
      )
    """,
    re.VERBOSE | re.MULTILINE,
)


def escaped(text: str) -> str:
    """A paragraph of one or several lines, none of which begins with a space."""
    return AT_THE_START.sub(r"\1\\", escaped_inside(text))


def escaped_inside(text: str) -> str:
    """Text behind a mark, or between two, where nothing else can begin."""
    return ANYWHERE.sub(r"\\\g<0>", text)
