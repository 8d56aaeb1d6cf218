// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actions and state variables of the services, from the standards of the UPnP Forum:
// Layer3Forwarding:1, WANCommonInterfaceConfig:1 and WANIPConnection:1 (2001), WANIPConnection:2
// and WANIPv6FirewallControl:1 (2010).
#pragma once

#include <array>
#include <tuple>

#include "upnp/model.h"

namespace gatehouse::upnp::tables {

inline constexpr std::array kLayer3Actions{
    Action{"SetDefaultConnectionService", "<NewDefaultConnectionService:DefaultConnectionService"},
    Action{"GetDefaultConnectionService", ">NewDefaultConnectionService:DefaultConnectionService"},
};
inline constexpr std::array kLayer3Variables{
    Variable{"DefaultConnectionService", "string", true, "", ""},
};

inline constexpr std::array kCommonActions{
    Action{"GetCommonLinkProperties",
           ">NewWANAccessType:WANAccessType "
           ">NewLayer1UpstreamMaxBitRate:Layer1UpstreamMaxBitRate "
           ">NewLayer1DownstreamMaxBitRate:Layer1DownstreamMaxBitRate "
           ">NewPhysicalLinkStatus:PhysicalLinkStatus"},
    Action{"GetEnabledForInternet", ">NewEnabledForInternet:EnabledForInternet"},
    Action{"GetTotalBytesSent", ">NewTotalBytesSent:TotalBytesSent"},
    Action{"GetTotalBytesReceived", ">NewTotalBytesReceived:TotalBytesReceived"},
    Action{"GetTotalPacketsSent", ">NewTotalPacketsSent:TotalPacketsSent"},
    Action{"GetTotalPacketsReceived", ">NewTotalPacketsReceived:TotalPacketsReceived"},
};
inline constexpr std::array kCommonVariables{
    Variable{"WANAccessType", "string", false, "DSL POTS Cable Ethernet", ""},
    Variable{"Layer1UpstreamMaxBitRate", "ui4", false, "", ""},
    Variable{"Layer1DownstreamMaxBitRate", "ui4", false, "", ""},
    Variable{"PhysicalLinkStatus", "string", true, "Up Down", ""},
    Variable{"EnabledForInternet", "boolean", true, "", ""},
    Variable{"TotalBytesSent", "ui4", false, "", ""},
    Variable{"TotalBytesReceived", "ui4", false, "", ""},
    Variable{"TotalPacketsSent", "ui4", false, "", ""},
    Variable{"TotalPacketsReceived", "ui4", false, "", ""},
};

inline constexpr std::string_view kWanIpOptional =
    "RequestTermination SetAutoDisconnectTime SetIdleDisconnectTime SetWarnDisconnectDelay "
    "GetAutoDisconnectTime GetIdleDisconnectTime GetWarnDisconnectDelay";

// The actions that both versions have.
inline constexpr Action kSetConnectionType{"SetConnectionType",
                                           "<NewConnectionType:ConnectionType"};
inline constexpr Action kGetConnectionTypeInfo{
    "GetConnectionTypeInfo",
    ">NewConnectionType:ConnectionType >NewPossibleConnectionTypes:PossibleConnectionTypes"};
inline constexpr Action kRequestConnection{"RequestConnection", ""};
inline constexpr Action kForceTermination{"ForceTermination", ""};
inline constexpr Action kGetStatusInfo{
    "GetStatusInfo",
    ">NewConnectionStatus:ConnectionStatus >NewLastConnectionError:LastConnectionError "
    ">NewUptime:Uptime"};
inline constexpr Action kGetNatRsipStatus{
    "GetNATRSIPStatus", ">NewRSIPAvailable:RSIPAvailable >NewNATEnabled:NATEnabled"};
inline constexpr Action kGetGeneric{
    "GetGenericPortMappingEntry",
    "<NewPortMappingIndex:PortMappingNumberOfEntries >NewRemoteHost:RemoteHost "
    ">NewExternalPort:ExternalPort >NewProtocol:PortMappingProtocol >NewInternalPort:InternalPort "
    ">NewInternalClient:InternalClient >NewEnabled:PortMappingEnabled "
    ">NewPortMappingDescription:PortMappingDescription "
    ">NewLeaseDuration:PortMappingLeaseDuration"};
inline constexpr Action kGetSpecific{
    "GetSpecificPortMappingEntry",
    "<NewRemoteHost:RemoteHost <NewExternalPort:ExternalPort <NewProtocol:PortMappingProtocol "
    ">NewInternalPort:InternalPort >NewInternalClient:InternalClient "
    ">NewEnabled:PortMappingEnabled >NewPortMappingDescription:PortMappingDescription "
    ">NewLeaseDuration:PortMappingLeaseDuration"};
inline constexpr Action kAddPortMapping{
    "AddPortMapping",
    "<NewRemoteHost:RemoteHost <NewExternalPort:ExternalPort <NewProtocol:PortMappingProtocol "
    "<NewInternalPort:InternalPort <NewInternalClient:InternalClient "
    "<NewEnabled:PortMappingEnabled <NewPortMappingDescription:PortMappingDescription "
    "<NewLeaseDuration:PortMappingLeaseDuration"};
inline constexpr Action kDeletePortMapping{
    "DeletePortMapping",
    "<NewRemoteHost:RemoteHost <NewExternalPort:ExternalPort <NewProtocol:PortMappingProtocol"};
inline constexpr Action kGetExternalAddress{"GetExternalIPAddress",
                                            ">NewExternalIPAddress:ExternalIPAddress"};

inline constexpr std::array kWanIp1Actions{
    kSetConnectionType, kGetConnectionTypeInfo, kRequestConnection,  kForceTermination,
    kGetStatusInfo,     kGetNatRsipStatus,      kGetGeneric,         kGetSpecific,
    kAddPortMapping,    kDeletePortMapping,     kGetExternalAddress,
};
inline constexpr std::array kWanIp2Actions{
    kSetConnectionType,
    kGetConnectionTypeInfo,
    kRequestConnection,
    kForceTermination,
    kGetStatusInfo,
    kGetNatRsipStatus,
    kGetGeneric,
    kGetSpecific,
    kAddPortMapping,
    Action{"AddAnyPortMapping",
           "<NewRemoteHost:RemoteHost <NewExternalPort:ExternalPort "
           "<NewProtocol:PortMappingProtocol <NewInternalPort:InternalPort "
           "<NewInternalClient:InternalClient <NewEnabled:PortMappingEnabled "
           "<NewPortMappingDescription:PortMappingDescription "
           "<NewLeaseDuration:PortMappingLeaseDuration >NewReservedPort:ExternalPort"},
    kDeletePortMapping,
    Action{"DeletePortMappingRange",
           "<NewStartPort:ExternalPort <NewEndPort:ExternalPort <NewProtocol:PortMappingProtocol "
           "<NewManage:A_ARG_TYPE_Manage"},
    kGetExternalAddress,
    Action{"GetListOfPortMappings",
           "<NewStartPort:ExternalPort <NewEndPort:ExternalPort <NewProtocol:PortMappingProtocol "
           "<NewManage:A_ARG_TYPE_Manage <NewNumberOfPorts:PortMappingNumberOfEntries "
           ">NewPortListing:A_ARG_TYPE_PortListing"},
};

// The state variables that both versions have.
inline constexpr std::array kWanIpVariables{
    Variable{"ConnectionType", "string", false, "Unconfigured IP_Routed IP_Bridged", ""},
    Variable{"PossibleConnectionTypes", "string", true, "", ""},
    Variable{"ConnectionStatus", "string", true,
             "Unconfigured Connecting Connected PendingDisconnect Disconnecting Disconnected", ""},
    Variable{"Uptime", "ui4", false, "", ""},
    Variable{"LastConnectionError", "string", false, "", ""},
    Variable{"RSIPAvailable", "boolean", false, "", ""},
    Variable{"NATEnabled", "boolean", false, "", ""},
    Variable{"ExternalIPAddress", "string", true, "", ""},
    Variable{"PortMappingNumberOfEntries", "ui2", true, "", ""},
    Variable{"PortMappingEnabled", "boolean", false, "", ""},
    Variable{"RemoteHost", "string", false, "", ""},
    Variable{"ExternalPort", "ui2", false, "", ""},
    Variable{"InternalPort", "ui2", false, "", "1 65535"},
    Variable{"PortMappingProtocol", "string", false, "TCP UDP", ""},
    Variable{"InternalClient", "string", false, "", ""},
    Variable{"PortMappingDescription", "string", false, "", ""},
};

template <std::size_t N, class... More>
constexpr std::array<Variable, N + sizeof...(More)> with(const std::array<Variable, N>& first,
                                                         const More&... more) {
    return std::apply(
        [&](const auto&... one) {
            return std::array<Variable, N + sizeof...(More)>{one..., more...};
        },
        first);
}

inline constexpr std::array kWanIp1Variables =
    with(kWanIpVariables, Variable{"PortMappingLeaseDuration", "ui4", false, "", ""});
inline constexpr std::array kWanIp2Variables =
    with(kWanIpVariables, Variable{"PortMappingLeaseDuration", "ui4", false, "", "0 604800"},
         Variable{"SystemUpdateID", "ui4", true, "", ""},
         Variable{"A_ARG_TYPE_Manage", "boolean", false, "", ""},
         Variable{"A_ARG_TYPE_PortListing", "string", false, "", ""});

inline constexpr std::array kFirewallActions{
    Action{"GetFirewallStatus",
           ">FirewallEnabled:FirewallEnabled >InboundPinholeAllowed:InboundPinholeAllowed"},
    Action{"GetOutboundPinholeTimeout",
           "<RemoteHost:A_ARG_TYPE_IPv6Address <RemotePort:A_ARG_TYPE_Port "
           "<InternalClient:A_ARG_TYPE_IPv6Address <InternalPort:A_ARG_TYPE_Port "
           "<Protocol:A_ARG_TYPE_Protocol "
           ">OutboundPinholeTimeout:A_ARG_TYPE_OutboundPinholeTimeout"},
    Action{"AddPinhole",
           "<RemoteHost:A_ARG_TYPE_IPv6Address <RemotePort:A_ARG_TYPE_Port "
           "<InternalClient:A_ARG_TYPE_IPv6Address <InternalPort:A_ARG_TYPE_Port "
           "<Protocol:A_ARG_TYPE_Protocol <LeaseTime:A_ARG_TYPE_LeaseTime "
           ">UniqueID:A_ARG_TYPE_UniqueID"},
    Action{"UpdatePinhole", "<UniqueID:A_ARG_TYPE_UniqueID <NewLeaseTime:A_ARG_TYPE_LeaseTime"},
    Action{"DeletePinhole", "<UniqueID:A_ARG_TYPE_UniqueID"},
    Action{"CheckPinholeWorking", "<UniqueID:A_ARG_TYPE_UniqueID >IsWorking:A_ARG_TYPE_Boolean"},
    Action{"GetPinholePackets",
           "<UniqueID:A_ARG_TYPE_UniqueID >PinholePackets:A_ARG_TYPE_PinholePackets"},
};
inline constexpr std::array kFirewallVariables{
    Variable{"FirewallEnabled", "boolean", true, "", ""},
    Variable{"InboundPinholeAllowed", "boolean", true, "", ""},
    Variable{"A_ARG_TYPE_OutboundPinholeTimeout", "ui4", false, "", ""},
    Variable{"A_ARG_TYPE_IPv6Address", "string", false, "", ""},
    Variable{"A_ARG_TYPE_Port", "ui2", false, "", ""},
    Variable{"A_ARG_TYPE_Protocol", "ui2", false, "", ""},
    Variable{"A_ARG_TYPE_LeaseTime", "ui4", false, "", "1 86400"},
    Variable{"A_ARG_TYPE_UniqueID", "ui2", false, "", ""},
    Variable{"A_ARG_TYPE_Boolean", "boolean", false, "", ""},
    Variable{"A_ARG_TYPE_PinholePackets", "ui4", false, "", ""},
};

}  // namespace gatehouse::upnp::tables
