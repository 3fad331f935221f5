"""A private key that anybody may know. Recordings have it in place of real ones, for plugins that check theirs."""

from __future__ import annotations

import re
from typing import Final

PEM: Final = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----", re.S)

PLACEHOLDER: Final = """\
-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBANXN6clRS1mjKnvH
9hbyjJzh3X2J3Bc1MJbkKUz88jwHK6cfOM3NDCs2ZGvuabzGnhKyG1ih2TFNFN1J
OpWGrZXbUirME4S1OV4jn4CHImgVZ0oaulOW07DeI7U4pHp9q/BvrPvUKXHujLev
rtqQNMckLnlxGSNNZQO+l61uns7HAgMBAAECgYEAzlVlTIru6/fClSiZ/vVe7Dwx
s+iqhZ8oYEaa8RifcXz+DM/d0wcSulVIvrycQLlxbduC9ptjbufTvebg6dLKizM0
uWwb9VElM+OZ0Tb6/i2OplT+sjNrE9jE6dxa2+qaSZCPR+kT/fMDCwAM+HROC1b0
WfICsffnfB+dJ2hs7UECQQD6sN9EAU74UfxlZX9sb+yKu7TLdoKtJ/x4DcwZWaF0
PfMxmHkqlXt4g03B2HSfsSbYYUekcYtzRDeiy9eyqmTnAkEA2lUPQD6ZNTN9Nw+7
T9ubFSPe9iwtWheiKzz4wMkarN4m+FYOQmmdzEJfM9VJf/KgJG1xwi1EGKI7aOLZ
fwMrIQJARg3rNkvPT6FJkOQ+KYVVaqdtrHXfqpfD+6CPan4bmio9rZxYL8g6CsFW
l1bvsDiHDGyS4qdAOuPTUFD6Y9kt/QJARuLjBrrMR2emOeBTsoPcgCqbU1XYi62s
q1kqcn1YudOO14YpLwrXft/1xQB00qPVtr4J9z93IoBZxZ4Re5ltwQJBAK0nQqDl
if19Qf/PqiW3oqiy4lJ8IxK1iLMgAhNhHd2teci2O93heIObD9uquNqqUQaBo8C9
lGxi4ZY9IHe4UJs=
-----END PRIVATE KEY-----
"""
