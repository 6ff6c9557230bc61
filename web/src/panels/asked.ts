import { ApiError } from '../api/client';
import { setText } from '../lib/dom';
import type { Panel } from '../ui/panel';

/** Ask for a panel's content; a newer question makes the answer of an older one void. */
export function asking<T>(
  shell: Panel,
  ask: (signal: AbortSignal) => Promise<T>,
  show: (answer: T) => void,
): () => void {
  let running = new AbortController();
  return () => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    shell.element.setAttribute('aria-busy', 'true');
    ask(signal)
      .then((answer) => {
        if (signal.aborted) return;
        setText(shell.note, '');
        show(answer);
      })
      .catch((error: unknown) => {
        if (signal.aborted) return;
        setText(shell.note, error instanceof ApiError ? error.message : String(error));
      })
      .finally(() => {
        if (!signal.aborted) shell.element.removeAttribute('aria-busy');
      });
  };
}

export interface LoadedPanel {
  element: HTMLElement;
  load(): void;
}
