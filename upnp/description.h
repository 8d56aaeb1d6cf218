// SPDX-License-Identifier: GPL-2.0-or-later
//
// The documents that a control point reads first: the device description of a tree and the SCPD of
// each service, written from the tables of model.h.
#pragma once

#include <string>

#include "upnp/model.h"

namespace gatehouse::upnp {

inline constexpr std::string_view kProduct = "Gatehouse";

// Another one for other documents, so that control points read them again (UPnP Device
// Architecture 1.1, 1.2.2): they change with the version alone.
std::uint32_t config_number(std::string_view version);

// base: "http://192.168.1.1:5000", where the reader has come from.
std::string write_device_description(Tree tree, const Identity& identity, std::string_view version,
                                     std::string_view base);
std::string write_scpd(const ServiceModel& service);

// What a browser sees: XP shows it for the icon in its network folder.
std::string write_presentation(std::string_view version);

}  // namespace gatehouse::upnp
