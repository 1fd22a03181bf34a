import MarkdownIt from 'markdown-it';

/**
 * Turns a report into HTML. What is written by a model is not trusted: HTML in it is shown as text, pictures (which could call another
 * host) become links, and nothing carries a style of its own, which the page's policy would refuse.
 */
const markdown = new MarkdownIt('default', { html: false, linkify: false, typographer: false, breaks: true }).disable('image');

const ALIGN = /text-align:\s*(left|right|center)/;

for (const cell of ['th_open', 'td_open']) {
  markdown.renderer.rules[cell] = (tokens, at, options, _env, self) => {
    const token = tokens[at];
    const side = ALIGN.exec(String(token?.attrGet('style') ?? ''))?.[1];
    if (token !== undefined) {
      token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style');
      if (side !== undefined) token.attrJoin('class', side);
    }
    return self.renderToken(tokens, at, options);
  };
}

markdown.renderer.rules['link_open'] = (tokens, at, options, _env, self) => {
  const token = tokens[at];
  token?.attrSet('target', '_blank');
  token?.attrSet('rel', 'noopener noreferrer nofollow');
  return self.renderToken(tokens, at, options);
};

/** A wide table scrolls by itself; the page never does. */
markdown.renderer.rules['table_open'] = () => '<div class="table" tabindex="0" role="region" aria-label="Table"><table>\n';
markdown.renderer.rules['table_close'] = () => '</table></div>\n';

export function rendered(text: string): string {
  return markdown.render(text);
}
