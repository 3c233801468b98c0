"""Find the numbers of figures where Sphinx has put them, instead of in the page of the figure.

For each mention of a figure Sphinx loads the whole page that holds it, only to see that it is a figure: two
seconds of a build of this book. The table of numbers, made before any page is written, says as much.
"""

from __future__ import annotations

from typing import Any

from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.transforms.post_transforms import SphinxPostTransform


class NumberFigures(SphinxPostTransform):
    """Write the number of a figure where ``{numref}`` mentions it. What is no figure is left to Sphinx."""

    default_priority = 9  # right before Sphinx resolves what is pending

    def run(self, **_: Any) -> None:
        """Resolve the mentions of this page."""
        domain = self.env.get_domain("std")
        assert isinstance(domain, StandardDomain)  # noqa: S101 - Sphinx's own; says so to the type checker
        form = self.config.numfig_format["figure"]
        for mention in list(self.document.findall(addnodes.pending_xref)):
            if mention["reftype"] != "numref" or mention["refdomain"] != "std" or mention["refexplicit"]:
                continue
            docname, label, name = domain.labels.get(mention["reftarget"], ("", "", ""))
            number = self.env.toc_fignumbers.get(docname, {}).get("figure", {}).get(label)
            if number is None:
                continue
            shown = ".".join(map(str, number))
            words = form.format(name=name, number=shown) if "{" in form else form % shown
            node = domain.build_reference_node(
                self.env.docname,
                self.app.builder,
                docname,
                label,
                words,
                "numref",
                nodeclass=addnodes.number_reference,
                title=form,
            )
            mention.replace_self(node)


def setup_figure_numbers(app: Sphinx) -> None:
    """Connect this module to Sphinx."""
    app.add_post_transform(NumberFigures)
