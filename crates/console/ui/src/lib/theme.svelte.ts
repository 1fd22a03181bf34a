/** What the operator chose: a theme, or to follow the system. */
export type ThemeChoice = 'dark' | 'light' | 'system';

const KEY = 'ronda.theme';
const CHOICES: readonly ThemeChoice[] = ['dark', 'light', 'system'];
const PAGE_COLOUR = { dark: '#0a0b10', light: '#eff0f4' };

class Theme {
  choice = $state<ThemeChoice>('dark');
  /** The theme on show, whoever chose it. */
  shown = $state<'dark' | 'light'>('dark');

  /** Reads the stored choice and follows the system's; returns how to stop. */
  start(): () => void {
    const stored = read();
    if (stored !== null) this.choice = stored;
    const system = matchMedia('(prefers-color-scheme: light)');
    const apply = (): void => this.#apply(system.matches);
    system.addEventListener('change', apply);
    apply();
    return () => system.removeEventListener('change', apply);
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Storage is switched off: the choice lasts until the page is closed.
    }
    this.#apply(matchMedia('(prefers-color-scheme: light)').matches);
  }

  #apply(systemIsLight: boolean): void {
    const shown = this.choice === 'system' ? (systemIsLight ? 'light' : 'dark') : this.choice;
    document.documentElement.dataset['theme'] = shown;
    this.shown = shown;
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', PAGE_COLOUR[shown]);
  }
}

function read(): ThemeChoice | null {
  try {
    const stored = localStorage.getItem(KEY);
    return CHOICES.find((choice) => choice === stored) ?? null;
  } catch {
    return null;
  }
}

export const theme = new Theme();
