import type { Client } from '../api/client';
import { el } from '../lib/dom';

/** Shown when the program wants its token. The token goes into a cookie, never into an address. */
export function loginView(client: Client): HTMLElement {
  const problem = el('p.problem', { role: 'alert' });
  const token = el('input', {
    type: 'password',
    name: 'token',
    autocomplete: 'current-password',
    required: true,
    id: 'token',
  });
  const send = el('button.primary', { type: 'submit' }, 'Enter');
  const form = el(
    'form.form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        send.disabled = true;
        problem.textContent = '';
        client
          .login(token.value)
          .then(() => location.reload())
          .catch((error: unknown) => {
            problem.textContent = error instanceof Error ? error.message : String(error);
            send.disabled = false;
            token.select();
          });
      },
    },
    el('label.field', { for: 'token' }, el('span', {}, 'Token'), token),
    problem,
    el('div.form-actions', {}, send),
  );
  return el(
    'main.login',
    {},
    el('img', { src: './icon.svg', alt: '', width: 40, height: 40 }),
    el('h1', {}, 'Tapelake'),
    el(
      'p.hint',
      {},
      'This address asks for the token that stands in the configuration or the log.',
    ),
    form,
  );
}
