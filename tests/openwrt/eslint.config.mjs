// SPDX-License-Identifier: GPL-2.0-or-later
//
// What lint.sh holds the LuCI pages to: eslint's recommended rules, in the dress of LuCI, whose
// loader runs each file as the body of a function and hands over what the strings at its head require.
import js from '@eslint/js';

const given = [
    '_', 'E', 'L', 'document', 'window', 'Node', 'view', 'form', 'rpc', 'ui', 'uci', 'poll', 'dom', 'baseclass',
    'widgets', 'gatehouse', 'options'
];

export default [
    js.configs.recommended,
    {
        languageOptions: {
            ecmaVersion: 2020,
            sourceType: 'script',
            parserOptions: { ecmaFeatures: { globalReturn: true } },
            globals: Object.fromEntries(given.map(name => [ name, 'readonly' ]))
        },
        linterOptions: { reportUnusedDisableDirectives: 'error' },
        rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error', 'no-implicit-globals': 'off' }
    }
];
