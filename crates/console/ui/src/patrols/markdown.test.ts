import { describe, expect, it } from 'vitest';
import { rendered } from './markdown';

describe('a report', () => {
  it('keeps its headings, lists and tables', () => {
    const html = rendered('# Round\n\n- door shut\n\n| Item | Result |\n|:--|--:|\n| Exit | **X** |\n');
    expect(html).toContain('<h1>Round</h1>');
    expect(html).toContain('<li>door shut</li>');
    expect(html).toContain('<strong>X</strong>');
  });

  it('W-21 shows HTML as text, whoever wrote it', () => {
    const html = rendered('<script>alert(1)</script> <img src=x onerror=alert(1)> <b>bold</b>');
    expect(html).not.toMatch(/<(script|img|b)[\s>]/);
    expect(html).toContain('&lt;script&gt;');
  });

  it('W-21 has no link that runs a program, and none that gives the page away', () => {
    for (const link of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'JaVaScRiPt:alert(1)']) expect(rendered(`[press](${link})`)).not.toContain('<a');
    expect(rendered('[page](https://example.org)')).toContain('rel="noopener noreferrer nofollow"');
  });

  it('W-21 calls no other host for a picture', () => {
    expect(rendered('![chart](https://elsewhere.example/p.png)')).not.toContain('<img');
  });

  it('carries no style of its own, which the page would refuse', () => {
    const html = rendered('| a | b |\n|:-:|--:|\n| 1 | 2 |');
    expect(html).not.toContain('style=');
    expect(html).toContain('<td class="center">1</td>');
    expect(html).toContain('<td class="right">2</td>');
  });
});
