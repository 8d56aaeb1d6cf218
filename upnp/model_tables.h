// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actions and state variables of the services, from the standards of the UPnP Forum:
// Layer3Forwarding:1, WANCommonInterfaceConfig:1 and WANIPConnection:1 (2001), WANIPConnection:2
// and WANIPv6FirewallControl:1 (2010).
#pragma once

#include <array>

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

inline constexpr Variable kConnectionType{"ConnectionType", "string", false,
                                          "Unconfigured IP_Routed IP_Bridged", ""};
inline constexpr Variable kPossibleTypes{"PossibleConnectionTypes", "string", true, "", ""};
inline constexpr Variable kConnectionStatus{
    "ConnectionStatus", "string", true,
    "Unconfigured Connecting Connected PendingDisconnect Disconnecting Disconnected", ""};
inline constexpr Variable kUptime{"Uptime", "ui4", false, "", ""};
inline constexpr Variable kLastError{"LastConnectionError", "string", false, "", ""};
inline constexpr Variable kRsip{"RSIPAvailable", "boolean", false, "", ""};
inline constexpr Variable kNatEnabled{"NATEnabled", "boolean", false, "", ""};
inline constexpr Variable kExternalAddress{"ExternalIPAddress", "string", true, "", ""};
inline constexpr Variable kEntries{"PortMappingNumberOfEntries", "ui2", true, "", ""};
inline constexpr Variable kMappingEnabled{"PortMappingEnabled", "boolean", false, "", ""};
inline constexpr Variable kRemoteHost{"RemoteHost", "string", false, "", ""};
inline constexpr Variable kExternalPort{"ExternalPort", "ui2", false, "", ""};
inline constexpr Variable kInternalPort{"InternalPort", "ui2", false, "", "1 65535"};
inline constexpr Variable kProtocol{"PortMappingProtocol", "string", false, "TCP UDP", ""};
inline constexpr Variable kInternalClient{"InternalClient", "string", false, "", ""};
inline constexpr Variable kDescription{"PortMappingDescription", "string", false, "", ""};

inline constexpr std::array kWanIp1Variables{
    kConnectionType,
    kPossibleTypes,
    kConnectionStatus,
    kUptime,
    kLastError,
    kRsip,
    kNatEnabled,
    kExternalAddress,
    kEntries,
    kMappingEnabled,
    kRemoteHost,
    kExternalPort,
    kInternalPort,
    kProtocol,
    kInternalClient,
    kDescription,
    Variable{"PortMappingLeaseDuration", "ui4", false, "", ""},
};
inline constexpr std::array kWanIp2Variables{
    kConnectionType,
    kPossibleTypes,
    kConnectionStatus,
    kUptime,
    kLastError,
    kRsip,
    kNatEnabled,
    kExternalAddress,
    kEntries,
    kMappingEnabled,
    kRemoteHost,
    kExternalPort,
    kInternalPort,
    kProtocol,
    kInternalClient,
    kDescription,
    Variable{"PortMappingLeaseDuration", "ui4", false, "", "0 604800"},
    Variable{"SystemUpdateID", "ui4", true, "", ""},
    Variable{"A_ARG_TYPE_Manage", "boolean", false, "", ""},
    Variable{"A_ARG_TYPE_PortListing", "string", false, "", ""},
};

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
    Variable{"A_ARG_TYPE_PinholePackets", "ui4", false, "", ""},
};

}  // namespace gatehouse::upnp::tables
