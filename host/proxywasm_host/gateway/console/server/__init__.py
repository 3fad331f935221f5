"""Who may ask the console, and how it answers.

token      the token, and whether another one is it
guard      which requests are answered at all
http       a request with its body, and answers, also streams of events
pages      the listener: the page, its files and the paths of the API
api        which path is answered by what
"""
