"""What model families and services accept, as rows of data. Protocols ask the profile of a request's model.

`facts` has the vocabulary, one module for each vendor its families, `services` what depends on the service, and
`resolution` finds the profile of a name. `docs/models.md` is generated from the rows.
"""
