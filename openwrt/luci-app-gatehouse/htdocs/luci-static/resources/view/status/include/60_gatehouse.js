// SPDX-License-Identifier: GPL-2.0-or-later
//
// The card on LuCI's own status page.
'use strict';
'require baseclass';
'require gatehouse.common as gatehouse';

return baseclass.extend({
	title: _('NAT gateway'),

	load: function() {
		return Promise.all([ gatehouse.status(), gatehouse.notes() ]);
	},

	render: function(data) {
		const [ status, notes ] = data;
		const out = gatehouse.warnings(notes, status);
		if (gatehouse.errorOf(status))
			return E('div', {}, out);
		const wan = status.wan || {}, nat = status.nat || {}, counts = status.counts || {};
		out.push(gatehouse.table([ _('What'), _('Now') ], [
			[ _('Outside address'), wan.address || _('none') ],
			[ _('NAT type'), gatehouse.natType(nat.type) ],
			[ _('Devices'), counts.hosts ],
			[ _('Mappings'), counts.mappings ],
			[ _('Forwards'), counts.forwards ]
		].filter(row => row[1] !== undefined), ''));
		return E('div', {}, out);
	}
});
