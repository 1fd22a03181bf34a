// One browser on the console, watched for what must never happen: errors in its console, and requests to any other host.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const DESKTOP = { width: 1440, height: 900 };
const PATIENCE_MS = 20_000;
/** The pictures that README.md shows, and what they are called there. */
const IN_README = { wall: 'wall', 'zone-editor': 'zones', alert: 'alert', 'patrol-running': 'patrol', 'patrol-evidence': 'evidence' };

export class Visit {
  #browser;
  #context;
  #complaints = [];

  static async begin(base, folder) {
    const visit = new Visit();
    visit.base = base;
    visit.folder = folder;
    mkdirSync(folder, { recursive: true });
    visit.#browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
    await visit.open({});
    return visit;
  }

  /** Starts over with a fresh browser profile; `theme` is the one that was chosen before. */
  async open({ viewport = DESKTOP, touch = false, theme = null, reducedMotion = 'no-preference' }) {
    await this.#context?.close();
    this.#context = await this.#browser.newContext({ viewport, hasTouch: touch, isMobile: touch, reducedMotion });
    this.#context.setDefaultTimeout(PATIENCE_MS);
    if (theme !== null) await this.#context.addInitScript((chosen) => localStorage.setItem('ronda.theme', chosen), theme);
    this.page = await this.#context.newPage();
    this.page.on('pageerror', (error) => this.#complaints.push(`error in the page: ${error.message}`));
    this.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#complaints.push(`${message.type()} in the console: ${message.text()} (${message.location().url})`);
    });
    this.page.on('request', (request) => {
      const url = new URL(request.url());
      const isOurs = url.host === new URL(this.base).host || url.protocol === 'data:' || url.protocol === 'blob:';
      if (!isOurs) this.#complaints.push(`request to another host: ${url.origin}`);
    });
    this.page.on('websocket', (socket) => {
      if (new URL(socket.url()).host !== new URL(this.base).host) this.#complaints.push(`connection to another host: ${socket.url()}`);
    });
  }

  /** Shows the page with this hash. */
  async go(hash) {
    const address = `${this.base}/${hash}`;
    if (this.page.url() === address) await this.page.reload();
    else await this.page.goto(address);
    await this.page.locator('main h1:visible').first().waitFor();
  }

  /** Asks a service, past the browser. */
  async api(path, request = {}) {
    const answer = await fetch(`${this.base}${path}`, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`${request.method ?? 'GET'} ${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  async cameras() {
    const { cameras } = await this.api('/streams/api/v1/cameras');
    return cameras.filter((camera) => camera.enabled);
  }

  async picture(name) {
    await this.page.screenshot({ path: join(this.folder, `${name}.png`) });
    const folder = process.env.RONDA_README_IMAGES;
    if (folder && name in IN_README) await this.page.screenshot({ path: join(folder, `${IN_README[name]}.jpg`), quality: 85 });
  }

  complainIfUnclean() {
    const complaints = [...new Set(this.#complaints)];
    this.#complaints = [];
    if (complaints.length > 0) throw new Error(complaints.slice(0, 8).join('; '));
  }

  forgive() {
    this.#complaints = [];
  }

  async end() {
    await this.#browser.close();
  }
}

/** Waits until `look` returns something, and returns that. */
export async function until(what, limitMs, look) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}
