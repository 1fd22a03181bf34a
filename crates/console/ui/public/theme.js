// Runs before the first paint, so that a page in the light theme never flashes dark. The console does the rest in src/lib/theme.svelte.ts.
(function () {
  var choice = 'dark';
  try {
    choice = localStorage.getItem('ronda.theme') || 'dark';
  } catch {
    // Storage is switched off: the default theme stays.
  }
  var light = choice === 'light' || (choice === 'system' && matchMedia('(prefers-color-scheme: light)').matches);
  document.documentElement.dataset.theme = light ? 'light' : 'dark';
})();
