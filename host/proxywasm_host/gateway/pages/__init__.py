"""The pages in the browser: playground, arena, console. `web/` has their sources, `static/` what `npm run build` made.

built      the built files, as their manifest lists them
headers    what a browser is told with each of them
serving    which request gets which file
"""

from .serving import PLAYGROUND, PageAnswer, Pages

__all__ = ["PLAYGROUND", "PageAnswer", "Pages"]
