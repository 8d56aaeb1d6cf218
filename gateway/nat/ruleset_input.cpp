// SPDX-License-Identifier: GPL-2.0-or-later
//
// What of the configuration the rules depend on.
#include "gateway/nat/ruleset.h"

namespace gatehouse::nat {

RulesetInput ruleset_input(const config::Config& config) {
    RulesetInput input;
    input.wan = config.gateway.wan;
    input.lan = config.gateway.lan;
    input.firewall = config.gateway.firewall;
    input.hairpin = config.nat.hairpin;
    input.ports = config.nat.ports;
    input.timeouts = config.timeouts;
    input.host_sessions = config.nat.host_sessions;
    input.permits = false;
    if (config.dmz) input.dmz = config.dmz->inside;
    if (config.sip.is_used()) input.sip_ports = config.sip.ports;
    const auto use = [&input](const config::NatBehaviour& behaviour) {
        using enum config::MappingBehaviour;
        input.by_address |= behaviour.mapping == address_dependent;
        input.by_session |= behaviour.mapping == address_and_port_dependent;
        input.permits |= behaviour.filtering == config::FilteringBehaviour::address_dependent;
    };
    use(config.nat.behaviour_for(Proto::tcp));
    use(config.nat.behaviour_for(Proto::udp));
    for (const config::Host& host : config.hosts)
        use(config::behaviour_of(host.nat));
    return input;
}

}  // namespace gatehouse::nat
