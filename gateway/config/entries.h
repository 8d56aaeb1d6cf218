// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sections that a file may have many of, where one bad entry must not stop the house: hosts,
// forwards, the DMZ and static leases. A bad one is skipped with a warning.
#pragma once

#include <array>

#include "gateway/config/config.h"
#include "gateway/config/raw.h"

namespace gatehouse::config {

void read_hosts(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out);
void read_forwards(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out);
void read_pinholes(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out);
void read_dmz(const RawConfig& raw, ProblemList& errors, ProblemList& warnings, Config& out);
void read_permissions(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                      Config& out);
void read_sip_providers(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                        Config& out);
void read_static_leases(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                        Config& out);
// What a section 'dhcp' has beside the range of its addresses.
void read_dhcp_details(SectionReader& reader, DhcpPool& out);

// What nat of a host, udp_type and tcp_type may be.
inline constexpr std::array kPresetTypes{NatType::full_cone, NatType::restricted_cone,
                                         NatType::port_restricted_cone, NatType::symmetric};

inline constexpr std::array kSipModes{SipMode::automatic, SipMode::observe, SipMode::off};

}  // namespace gatehouse::config
