"""What models, services and users may say to harm a page. None of it may run, load, ask or navigate.

Scripts in it would call `alert`, and requests would go to another origin, both of which `Watch` notices.
"""

from __future__ import annotations

from typing import Final

ELSEWHERE: Final = "http://127.0.0.1:9"

MARKUP: Final = {
    "image": "<img src=x onerror=alert(1)>",
    "image of elsewhere": f"<img src={ELSEWHERE}/image.png> ![image]({ELSEWHERE}/image.png)",
    "script": f"<script>alert(1)</script><script src={ELSEWHERE}/script.js></script>",
    "javascript links": "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) <a href='java\nscript:alert(1)'>c</a>",
    "data links": "[a](data:text/html,<script>alert(1)</script>) [b](vbscript:alert(1))",
    "frames": f"<iframe srcdoc='<script>parent.alert(1)</script>'></iframe><iframe src={ELSEWHERE}></iframe>",
    "svg": "<svg onload=alert(1)><script>alert(1)</script><use href='data:image/svg+xml,<svg/>#x'/></svg>",
    "mathml": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "styles": f"<style>@import '{ELSEWHERE}/style.css'; * {{display: none}}</style><p style='position:fixed;inset:0'>x",
    "forms": f"<form action={ELSEWHERE}><input autofocus onfocus=alert(1)><button formaction=javascript:alert(1)>x",
    "navigation": f"<meta http-equiv=refresh content='0;url={ELSEWHERE}'><base href={ELSEWHERE}/>",
    "clobbering": "<form id=documentElement><input name=body></form><a id=location href=javascript:alert(1)>",
    "code": '```"><img src=x onerror=alert(1)>\n</code></pre><img src=x onerror=alert(1)>\n```',
    "table": "| <img src=x onerror=alert(1)> |\n| --- |\n| [x](javascript:alert(1)) |",
    "formula": r"$$\href{javascript:alert(1)}{x} \includegraphics{http://127.0.0.1:9/x.png} \htmlData{x=1}{y}$$",
}
"""By what it tries."""

BIDI: Final = "safe\u202egnp.exe\u2066\u2067\u202c end"
MILLION: Final = 1_000_000
