"""One text with everything in it that a page must not obey."""

HOSTILE = "".join(
    (
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'>",
        "</details></pre></section></style><style>body { display: none }</style>",
        "& &amp; \" ' ` ${1} {{ 2 }} <b>",
        "\x1b[31mred\x1b]8;;javascript:window.hacked=1\x07link\x1b]8;;\x07 \x1b[",
        "\x00\x08\x7f",
        "\u202egnp.exe\u202c",
    )
)
