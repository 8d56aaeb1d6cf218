// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every section and option of /etc/config/gatehouse, with the words of the sample that the package
// installs; a test compares them.
'use strict';
'require baseclass';

return baseclass.extend({
	sections: [
		{
			type: 'gateway', title: _('Router'), always: true,
			sentence: _('The router: where the internet is, where the house is. These two alone make a working router; all else has a default.'),
			options: [
				{
					name: 'enabled', kind: 'flag', title: _('Enabled'), fallback: '1',
					sentence: _('Whether the service runs at all.')
				},
				{
					name: 'wan', kind: 'value', title: _('Outside interface'), example: 'eth0',
					sentence: _('The interface to the internet; its address is the outside address of the house.')
				},
				{
					name: 'lan', kind: 'list', title: _('Inside interfaces'), example: 'br-lan',
					sentence: _('An interface to the house; write one line for each.')
				},
				{
					name: 'control', kind: 'value', title: _('Control socket'), example: '/run/gatehouse.sock',
					sentence: _('The socket on which the command line and the status page reach the daemon.')
				},
				{
					name: 'state', kind: 'value', title: _('Folder of the state'), example: '/etc/gatehouse',
					sentence: _('The folder for what survives a restart: address leases and port forwards that devices asked for.')
				},
				{
					name: 'firewall', kind: 'flag', title: _('Own filter'), fallback: '1',
					sentence: _('Whether Gatehouse itself keeps strangers out; 0 where another firewall such as firewall4 of OpenWrt does.')
				},
				{
					name: 'flush_on_exit', kind: 'flag', title: _('Take rules away when it ends'), fallback: '0',
					sentence: _('Whether stopping the daemon also takes its rules out of the kernel; with 0 the house stays online while the daemon is down.')
				},
				{
					name: 'user', kind: 'value', title: _('User'), example: 'gatehouse',
					sentence: _('The system user that the daemon becomes once it has opened what needs root.')
				},
				{
					name: 'log_level', kind: 'choice', title: _('Log'), words: [ 'error', 'warning', 'info', 'debug' ], fallback: 'info',
					sentence: _('How much is logged: each level includes the ones before it.')
				}
			]
		},
		{
			type: 'nat', title: _('Translation'), always: true,
			sentence: _('How addresses are translated.'),
			options: [
				{
					name: 'type', kind: 'choice', title: _('NAT type'), words: [ 'full-cone', 'restricted-cone', 'port-restricted-cone', 'symmetric', 'custom' ], fallback: 'restricted-cone',
					sentence: _('The NAT type: full-cone lets anybody answer on a port that a device uses, restricted-cone only addresses it has written to, port-restricted-cone only the very address and port, symmetric uses another port for every peer, and custom is what mapping and filtering say.')
				},
				{
					name: 'mapping', kind: 'choice', title: _('Mapping'), words: [ 'endpoint-independent', 'address-dependent', 'address-and-port-dependent' ],
					sentence: _('For type custom: when a device gets another outside port for another peer.')
				},
				{
					name: 'filtering', kind: 'choice', title: _('Filtering'), words: [ 'endpoint-independent', 'address-dependent', 'address-and-port-dependent' ],
					sentence: _('For type custom: who outside may send to a port that a device uses.')
				},
				{
					name: 'udp_type', kind: 'choice', title: _('NAT type of UDP'), words: [ 'full-cone', 'restricted-cone', 'port-restricted-cone', 'symmetric' ],
					sentence: _('The NAT type of UDP where it shall differ from type.')
				},
				{
					name: 'tcp_type', kind: 'choice', title: _('NAT type of TCP'), words: [ 'full-cone', 'restricted-cone', 'port-restricted-cone', 'symmetric' ],
					sentence: _('The NAT type of TCP where it shall differ from type.')
				},
				{
					name: 'ports', kind: 'value', title: _('Ports'), example: '1024-65535', datatype: 'portrange',
					sentence: _('The outside ports that devices are given.')
				},
				{
					name: 'port_choice', kind: 'choice', title: _('Port choice'), words: [ 'preserve', 'random' ], fallback: 'preserve',
					sentence: _('Whether a device keeps its own port number outside where that is free, or always gets a random one.')
				},
				{
					name: 'hairpin', kind: 'flag', title: _('Hairpinning'), fallback: '1',
					sentence: _('Whether devices in the house reach each other by their outside addresses.')
				},
				{
					name: 'host_mappings', kind: 'value', title: _('Host mappings'), example: '4096', datatype: 'range(1,65535)',
					sentence: _('How many outside ports one device may hold at a time, so that none takes them all.')
				},
				{
					name: 'mappings', kind: 'value', title: _('Mappings'), example: '131072', datatype: 'range(64,262144)',
					sentence: _('How many outside ports all devices together may hold; each takes about 160 bytes.')
				},
				{
					name: 'host_sessions', kind: 'value', title: _('Host sessions'), example: '8192', datatype: 'uinteger',
					sentence: _('About how many connections one device may have at a time, so that it does not fill the table of the kernel; 0 for any number.')
				},
				{
					name: 'host_pinholes', kind: 'value', title: _('Host pinholes'), example: '128', datatype: 'range(0,4096)',
					sentence: _('How many ports of IPv6 one device may have open for strangers.')
				},
				{
					name: 'pinholes', kind: 'value', title: _('Pinholes'), example: '4096', datatype: 'range(0,4096)',
					sentence: _('How many ports of IPv6 all devices together may have open for strangers.')
				}
			]
		},
		{
			type: 'timeout', title: _('Lifetimes'), always: true,
			sentence: _('How long silence may last: seconds, or a number with s, m, h or d behind it.'),
			options: [
				{
					name: 'udp', kind: 'value', title: _('UDP'), example: '300',
					sentence: _('How long a silent UDP flow keeps its port (RFC 4787 recommends five minutes and forbids less than two).')
				},
				{
					name: 'tcp_established', kind: 'value', title: _('Open TCP'), example: '7440',
					sentence: _('How long a silent open TCP connection is remembered (RFC 5382: at least 2 hours 4 minutes).')
				},
				{
					name: 'tcp_transitory', kind: 'value', title: _('Opening and closing TCP'), example: '240',
					sentence: _('How long a TCP connection may take to open or to close (RFC 5382: at least 4 minutes).')
				},
				{
					name: 'icmp', kind: 'value', title: _('ICMP'), example: '60',
					sentence: _('How long an answer to a ping may take (RFC 5508: at least 60 seconds).')
				}
			]
		},
		{
			type: 'host', title: _('Devices that differ'), many: true,
			sentence: _('One device that is treated differently, such as a game console. It is known by mac or by address.'),
			options: [
				{
					name: 'mac', kind: 'value', title: _('MAC'), example: '00:11:22:33:44:55', datatype: 'macaddr',
					sentence: _('The hardware address of the device.')
				},
				{
					name: 'address', kind: 'value', title: _('Address'), example: '192.168.1.30', datatype: 'ip4addr',
					sentence: _('Instead of mac: the inside address of the device.')
				},
				{
					name: 'nat', kind: 'choice', title: _('NAT type'), words: [ 'full-cone', 'restricted-cone', 'port-restricted-cone', 'symmetric' ],
					sentence: _('The NAT type of this device.')
				},
				{
					name: 'sip', kind: 'choice', title: _('Telephony'), words: [ 'auto', 'observe', 'off' ],
					sentence: _('The mode of internet telephony for this device, which counts before that of its provider and before that of \'sip\'.')
				}
			]
		},
		{
			type: 'forward', title: _('Forwards'), many: true,
			sentence: _('A port of the outside address that always leads to one device.'),
			options: [
				{
					name: 'proto', kind: 'choice', title: _('Protocol'), words: [ 'tcp', 'udp', 'both' ], fallback: 'both',
					sentence: _('The protocol that is forwarded.')
				},
				{
					name: 'outside', kind: 'value', title: _('Outside'), example: '8080', datatype: 'portrange', required: true,
					sentence: _('The port on the outside address, or a range such as 8000-8010.')
				},
				{
					name: 'inside', kind: 'value', title: _('Inside'), example: '192.168.1.10:80', required: true,
					sentence: _('The device and its port; without a port the same as outside, and a range as wide as the one outside.')
				},
				{
					name: 'remote', kind: 'value', title: _('Only from'), example: '198.51.100.7', datatype: 'ip4addr',
					sentence: _('Forward only what comes from this address of the internet.')
				}
			]
		},
		{
			type: 'pinhole', title: _('IPv6 pinholes'), many: true,
			sentence: _('Ports of one device that the internet may reach over IPv6, where nothing is translated. It is known by mac or by inside, or by both.'),
			options: [
				{
					name: 'proto', kind: 'choice', title: _('Protocol'), words: [ 'tcp', 'udp', 'both' ], fallback: 'both',
					sentence: _('The protocol that is let in.')
				},
				{
					name: 'port', kind: 'value', title: _('Port'), example: '443', datatype: 'portrange', required: true,
					sentence: _('The port of the device, or a range such as 8000-8010.')
				},
				{
					name: 'mac', kind: 'value', title: _('MAC'), example: '00:11:22:33:44:55', datatype: 'macaddr',
					sentence: _('The hardware address of the device, which is reached at every IPv6 address at which the router has seen it.')
				},
				{
					name: 'inside', kind: 'value', title: _('Inside'), example: '2001:db8::10', datatype: 'ip6addr',
					sentence: _('The IPv6 address of the device, where it never changes.')
				},
				{
					name: 'remote', kind: 'value', title: _('Only from'), example: '2001:db8:f::7', datatype: 'ip6addr',
					sentence: _('Let in only what comes from this address of the internet.')
				}
			]
		},
		{
			type: 'dmz', title: _('DMZ'), many: true,
			sentence: _('One device that stands in front of the house.'),
			options: [
				{
					name: 'inside', kind: 'value', title: _('Inside'), example: '192.168.1.99', required: true,
					sentence: _('The device that gets everything from outside that nothing else claims.')
				}
			]
		},
		{
			type: 'sip', title: _('Telephony'), always: true,
			sentence: _('Internet telephony.'),
			options: [
				{
					name: 'mode', kind: 'choice', title: _('Mode'), words: [ 'auto', 'observe', 'off' ], fallback: 'auto',
					sentence: _('What happens to internet telephony: auto mends the addresses in SIP messages and opens ports for the calls, observe only watches and reports, off leaves it alone.')
				},
				{
					name: 'port', kind: 'list', title: _('Port'), example: '5060', datatype: 'port',
					sentence: _('A port on which phones speak SIP to their provider; write one line for each.')
				},
				{
					name: 'keep_alive', kind: 'value', title: _('Keep alive'), example: '25',
					sentence: _('After how much silence of a registered phone an empty message goes to its provider in its name, so that whatever stands on the way lets the next call in; 0 means never.')
				},
				{
					name: 'host_calls', kind: 'value', title: _('Host calls'), example: '64', datatype: 'range(2,1024)',
					sentence: _('How many calls of one device are helped at a time, half of them called from outside; its further ones are only translated.')
				},
				{
					name: 'calls', kind: 'value', title: _('Calls'), example: '1024', datatype: 'range(2,1024)',
					sentence: _('How many calls of all devices together are helped at a time.')
				},
				{
					name: 'host_registrations', kind: 'value', title: _('Host registrations'), example: '64', datatype: 'range(1,10000)',
					sentence: _('How many flows of one device to its providers are kept open.')
				},
				{
					name: 'registrations', kind: 'value', title: _('Registrations'), example: '10000', datatype: 'range(1,10000)',
					sentence: _('How many flows of all devices together are kept open.')
				}
			]
		},
		{
			type: 'sip_provider', title: _('Telephony providers that differ'), many: true,
			sentence: _('A telephony provider that is treated differently, such as one that finds its way through NATs better alone. The first whose network fits counts.'),
			options: [
				{
					name: 'network', kind: 'value', title: _('Network'), example: '203.0.113.0/24', required: true,
					sentence: _('The address of its server, or the network of all of them.')
				},
				{
					name: 'sip', kind: 'choice', title: _('Mode'), words: [ 'auto', 'observe', 'off' ], required: true,
					sentence: _('The mode of internet telephony with this provider, which counts before that of \'sip\'.')
				}
			]
		},
		{
			type: 'upnp', title: _('Ports that devices open'), always: true,
			sentence: _('Ports that devices open for themselves.'),
			options: [
				{
					name: 'igd', kind: 'flag', title: _('UPnP'), fallback: '1',
					sentence: _('Whether devices may open ports by UPnP.')
				},
				{
					name: 'natpmp', kind: 'flag', title: _('NAT-PMP'), fallback: '1',
					sentence: _('Whether devices may open ports by NAT-PMP.')
				},
				{
					name: 'pcp', kind: 'flag', title: _('PCP'), fallback: '1',
					sentence: _('Whether devices may open ports by PCP.')
				},
				{
					name: 'port', kind: 'value', title: _('Port'), example: '5000', datatype: 'port',
					sentence: _('The port on the inside on which UPnP answers.')
				},
				{
					name: 'host_quota', kind: 'value', title: _('Host quota'), example: '64', datatype: 'range(0,65535)',
					sentence: _('How many ports one device may have open in this way.')
				},
				{
					name: 'quota', kind: 'value', title: _('Quota'), example: '2048', datatype: 'range(0,65535)',
					sentence: _('How many ports all devices together may have open in this way.')
				},
				{
					name: 'host_subscriptions', kind: 'value', title: _('Host subscriptions'), example: '8', datatype: 'range(0,1024)',
					sentence: _('How many subscriptions to news of UPnP one device may have.')
				},
				{
					name: 'subscriptions', kind: 'value', title: _('Subscriptions'), example: '64', datatype: 'range(0,1024)',
					sentence: _('How many subscriptions to news of UPnP all devices together may have.')
				},
				{
					name: 'secure', kind: 'flag', title: _('Only to itself'), fallback: '1',
					sentence: _('Whether a device may open ports to itself only, and not to others.')
				},
				{
					name: 'upstream', kind: 'choice', title: _('Router beyond'), words: [ 'auto', 'off' ], fallback: 'auto',
					sentence: _('Behind another router: auto opens each port there, too, where that router lets us, off leaves it alone.')
				}
			]
		},
		{
			type: 'permission', title: _('Permissions'), many: true,
			sentence: _('Who may open which ports by UPnP, NAT-PMP and PCP: the first that matches decides. Behind them all ports from 1024 on are open to devices, but for some that worms look for.'),
			options: [
				{
					name: 'action', kind: 'choice', title: _('Action'), words: [ 'allow', 'deny' ], required: true,
					sentence: _('Whether what matches may be opened.')
				},
				{
					name: 'mac', kind: 'value', title: _('MAC'), example: '00:11:22:33:44:77', datatype: 'macaddr',
					sentence: _('Only the device with this hardware address.')
				},
				{
					name: 'network', kind: 'value', title: _('Network'), example: '192.168.1.64/26',
					sentence: _('Only devices with these addresses.')
				},
				{
					name: 'outside', kind: 'value', title: _('Outside'), example: '1-65535', datatype: 'portrange',
					sentence: _('Only these ports on the outside address.')
				},
				{
					name: 'inside', kind: 'value', title: _('Inside'), example: '1-65535',
					sentence: _('Only these ports of the device.')
				}
			]
		},
		{
			type: 'dhcp', title: _('Own DHCP pools'), many: true,
			sentence: _('Addresses for the devices of one inside interface.'),
			options: [
				{
					name: 'interface', kind: 'value', title: _('Interface'), example: 'br-lan', required: true,
					sentence: _('The inside interface on which addresses are given out.')
				},
				{
					name: 'start', kind: 'value', title: _('First'), example: '100', datatype: 'range(1,65534)',
					sentence: _('The first address, counted from the network address: 100 in 192.168.1.0/24 is 192.168.1.100.')
				},
				{
					name: 'limit', kind: 'value', title: _('Number'), example: '150', datatype: 'range(1,65534)',
					sentence: _('How many addresses are given out.')
				},
				{
					name: 'leasetime', kind: 'value', title: _('Lease time'), example: '12h',
					sentence: _('How long a device may keep an address without asking again.')
				},
				{
					name: 'domain', kind: 'value', title: _('Domain'), example: 'lan',
					sentence: _('The domain that devices are told they are in.')
				},
				{
					name: 'dns', kind: 'list', title: _('Name servers'), example: '192.168.1.1', datatype: 'ip4addr',
					sentence: _('A name server that devices are told; without any it is the router, or the servers of the outside link where the router answers no names.')
				},
				{
					name: 'authoritative', kind: 'flag', title: _('Authoritative'), fallback: '1',
					sentence: _('Whether this is the only server of the network, so that devices with addresses from elsewhere are told to ask anew.')
				},
				{
					name: 'probe', kind: 'flag', title: _('Probe'), fallback: '1',
					sentence: _('Whether to look if somebody uses an address before it is given to a new device.')
				},
				{
					name: 'client_ids', kind: 'flag', title: _('Client identifiers'), fallback: '1',
					sentence: _('Whether a device is told apart by the client identifier it sends, which may differ between its systems, or with 0 only by its hardware address.')
				},
				{
					name: 'rapid_commit', kind: 'flag', title: _('Rapid commit'), fallback: '0',
					sentence: _('Whether devices may be served with two messages instead of four; only for networks without a second server.')
				},
				{
					name: 'router', kind: 'value', title: _('Way out'), example: '192.168.1.1', datatype: 'ip4addr',
					sentence: _('The way out that devices are told, where it is not this router.')
				},
				{
					name: 'search', kind: 'list', title: _('Search domains'), example: 'home.arpa',
					sentence: _('A domain in which devices look up short names.')
				},
				{
					name: 'ntp', kind: 'list', title: _('Time servers'), example: '192.168.1.1', datatype: 'ip4addr',
					sentence: _('A time server that devices are told.')
				},
				{
					name: 'mtu', kind: 'value', title: _('MTU'), example: '1492', datatype: 'range(576,65535)',
					sentence: _('The largest packet that devices shall send.')
				},
				{
					name: 'route', kind: 'list', title: _('Routes'), example: '10.8.0.0/16,192.168.1.2',
					sentence: _('A network and the router that leads there, told as options 121 and 249; the way out is added by itself.')
				},
				{
					name: 'sip_server', kind: 'list', title: _('SIP servers'), example: '192.168.1.5', datatype: 'ip4addr',
					sentence: _('A SIP server that telephones are told.')
				},
				{
					name: 'captive_portal', kind: 'value', title: _('Captive portal'), example: 'https://portal.example.org/api',
					sentence: _('The address of the captive portal API (RFC 8910).')
				},
				{
					name: 'ipv6_only', kind: 'value', title: _('IPv6 only'), example: '30m',
					sentence: _('Tells devices that can live without IPv4 to do so for this time (RFC 8925).')
				},
				{
					name: 'boot_server', kind: 'value', title: _('Boot server'), example: '192.168.1.6',
					sentence: _('The server from which devices load what they start.')
				},
				{
					name: 'boot_file', kind: 'value', title: _('Boot file'), example: 'pxelinux.0',
					sentence: _('The file that they load there.')
				},
				{
					name: 'dhcp_option', kind: 'list', title: _('Other options'), example: '150,address,192.168.1.6',
					sentence: _('Any other option by number, type and values; the types are address, name, text, u8, u16, u32 and hex.')
				}
			]
		},
		{
			type: 'static_lease', title: _('Own static leases'), many: true,
			sentence: _('A device that always gets the same address.'),
			options: [
				{
					name: 'mac', kind: 'list', title: _('MAC'), example: '00:11:22:33:44:66', datatype: 'macaddr',
					sentence: _('The hardware address of the device; one line for each where it has several.')
				},
				{
					name: 'address', kind: 'value', title: _('Address'), example: '192.168.1.20', datatype: 'ip4addr', required: true,
					sentence: _('The address that this device always gets and no other does.')
				},
				{
					name: 'name', kind: 'value', title: _('Name'), example: 'phone',
					sentence: _('What the device is called, whatever it says itself; without mac and client_id it is known by this name.')
				},
				{
					name: 'client_id', kind: 'value', title: _('Client identifier'), example: 'ff:00:11:22',
					sentence: _('The client identifier that the device sends, in hex.')
				},
				{
					name: 'leasetime', kind: 'value', title: _('Lease time'), example: '7d',
					sentence: _('How long this device may keep the address without asking again, where that differs.')
				}
			]
		},
		{
			type: 'dhcp_files', title: _('Files of leases'),
			sentence: _('Where other programs find the leases; their folders must exist and let the daemon\'s user write.'),
			options: [
				{
					name: 'leases', kind: 'value', title: _('Leases'), example: '/tmp/dhcp.leases',
					sentence: _('The file in which programs such as LuCI look for leases, in the form of dnsmasq.')
				},
				{
					name: 'hosts', kind: 'value', title: _('Hosts'), example: '/tmp/hosts/gatehouse',
					sentence: _('The file from which a name server learns the names of devices, in the form of /etc/hosts.')
				}
			]
		},
		{
			type: 'web', title: _('Status page'),
			sentence: _('The status page, which only shows and changes nothing.'),
			options: [
				{
					name: 'listen', kind: 'value', title: _('Listen on'), example: '192.168.1.1:8080', required: true,
					sentence: _('The inside address and port of the status page.')
				},
				{
					name: 'name', kind: 'list', title: _('Name'), example: 'router.home.arpa',
					sentence: _('A further name of the router under which the page is opened; its addresses and its own name always work.')
				}
			]
		}
	]
});
