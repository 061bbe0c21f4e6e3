"""Messages about a run, sent by webhook to where people read them, without ever holding up a step.

`rules` say what deserves a message, `watch` feeds them and runs the clock, `sender` delivers from
threads of its own, `shapes` know what each service wants to read, `targets` keep the secrets.
"""
