"""The runs table of a project.

`view` is what an address asks for, `columns` turn values into cells, `sparks` and `heat` are what cells can hold beside
text, `groups` are rows that stand for many runs, `route` puts the page together. `choices` and `usual` say which
columns there can be, `views` names addresses, `download` writes the table as a file.
"""
