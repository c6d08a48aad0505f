"""Where references are read from: files, hubs (folders or web addresses), and the web.

`fetching.Fetcher` puts them together; the language knows only its port, `language.sources.Fetch`.
"""
