// The words of the configuration and the values they stand for: one table for reading and for showing. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/model.hpp"

namespace weir::config {

template <class T>
struct Choice {
  std::string_view name;
  T value;
};

inline constexpr Choice<LogLevel> log_levels[] = {{"trace", LogLevel::trace},
                                                  {"debug", LogLevel::debug},
                                                  {"info", LogLevel::info},
                                                  {"warn", LogLevel::warn},
                                                  {"error", LogLevel::error}};
inline constexpr Choice<LogFormat> log_formats[] = {{"json", LogFormat::json}, {"text", LogFormat::text}};
inline constexpr Choice<LogFormat> access_log_formats[] = {{"json", LogFormat::json}};
inline constexpr Choice<PathForm> path_forms[] = {
    {"normalised", PathForm::normalised}, {"raw", PathForm::raw}, {"refuse", PathForm::refuse}};
inline constexpr Choice<Scheme> schemes[] = {
    {"any", Scheme::any}, {"http", Scheme::http}, {"https", Scheme::https}};
inline constexpr Choice<bool> proxy_protocols[] = {{"off", false}, {"required", true}};
inline constexpr Choice<ResolveIpv6> resolve_ipv6s[] = {
    {"auto", ResolveIpv6::automatic}, {"on", ResolveIpv6::on}, {"off", ResolveIpv6::off}};
inline constexpr Choice<TlsVersion> tls_versions[] = {{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}};
inline constexpr Choice<UnknownSni> unknown_snis[] = {{"default", UnknownSni::use_default},
                                                      {"reject", UnknownSni::reject}};
inline constexpr Choice<ClientAuth> client_auths[] = {
    {"none", ClientAuth::none}, {"optional", ClientAuth::optional}, {"required", ClientAuth::required}};
inline constexpr Choice<Balance> balances[] = {{"least_connections", Balance::least_connections},
                                               {"round_robin", Balance::round_robin},
                                               {"random_two", Balance::random_two},
                                               {"least_latency", Balance::least_latency},
                                               {"hash", Balance::hash}};
/// hash_key, alone or with a colon and a name behind it.
inline constexpr Choice<HashKey::Kind> plain_hash_keys[] = {{"client_ip", HashKey::Kind::client_ip},
                                                            {"path", HashKey::Kind::path}};
inline constexpr Choice<HashKey::Kind> named_hash_keys[] = {{"header", HashKey::Kind::header},
                                                            {"cookie", HashKey::Kind::cookie}};
inline constexpr Choice<UpstreamProtocol> upstream_protocols[] = {{"http1", UpstreamProtocol::http1},
                                                                  {"h2", UpstreamProtocol::h2},
                                                                  {"h2c", UpstreamProtocol::h2c},
                                                                  {"auto", UpstreamProtocol::automatic}};
inline constexpr Choice<HealthCheck::Type> health_check_types[] = {
    {"http", HealthCheck::Type::http}, {"tcp", HealthCheck::Type::tcp}, {"grpc", HealthCheck::Type::grpc}};
/// passive_health.failures
inline constexpr Choice<Failure> failures[] = {{"connect", failure_connect},
                                               {"timeout", failure_timeout},
                                               {"reset", failure_reset},
                                               {"invalid_response", failure_invalid_response},
                                               {"500", failure_500},
                                               {"502", failure_502},
                                               {"503", failure_503},
                                               {"504", failure_504},
                                               {"grpc_unavailable", failure_grpc_unavailable},
                                               {"grpc_internal", failure_grpc_internal},
                                               {"grpc_unknown", failure_grpc_unknown}};
/// retry.on
inline constexpr Choice<Failure> retry_reasons[] = {{"connect", failure_connect},
                                                    {"reset_before_response", failure_reset},
                                                    {"timeout", failure_timeout},
                                                    {"invalid_response", failure_invalid_response},
                                                    {"500", failure_500},
                                                    {"502", failure_502},
                                                    {"503", failure_503},
                                                    {"504", failure_504},
                                                    {"grpc_cancelled", failure_grpc_cancelled},
                                                    {"grpc_deadline_exceeded", failure_grpc_deadline},
                                                    {"grpc_internal", failure_grpc_internal},
                                                    {"grpc_resource_exhausted", failure_grpc_resource},
                                                    {"grpc_unavailable", failure_grpc_unavailable}};

/// rollout.failures, besides statuses
inline constexpr Choice<Failure> rollout_failures[] = {{"connect", failure_connect},
                                                       {"timeout", failure_timeout},
                                                       {"reset", failure_reset},
                                                       {"invalid_response", failure_invalid_response},
                                                       {"grpc_unavailable", failure_grpc_unavailable},
                                                       {"grpc_internal", failure_grpc_internal},
                                                       {"grpc_unknown", failure_grpc_unknown}};
inline constexpr Choice<OnLowTraffic> on_low_traffics[] = {
    {"hold", OnLowTraffic::hold}, {"promote", OnLowTraffic::promote}, {"rollback", OnLowTraffic::rollback}};
inline constexpr Choice<OnSharedCause> on_shared_causes[] = {{"hold", OnSharedCause::hold},
                                                             {"step_back", OnSharedCause::step_back}};

inline constexpr Choice<DrainAffinity> drain_affinities[] = {{"move", DrainAffinity::move},
                                                             {"keep", DrainAffinity::keep}};
inline constexpr Choice<MirrorCredentials> mirror_credentials[] = {{"strip", MirrorCredentials::strip},
                                                                   {"keep", MirrorCredentials::keep}};
inline constexpr Choice<OnMissingKey> on_missing_keys[] = {
    {"client_ip", OnMissingKey::client_ip}, {"pass", OnMissingKey::pass}, {"refuse", OnMissingKey::refuse}};
inline constexpr Choice<RateLimitKey::Kind> plain_rate_limit_keys[] = {
    {"client_ip", RateLimitKey::Kind::client_ip},
    {"host", RateLimitKey::Kind::host},
    {"path", RateLimitKey::Kind::path},
    {"route", RateLimitKey::Kind::route}};
/// With a colon and the name behind them.
inline constexpr Choice<RateLimitKey::Kind> named_rate_limit_keys[] = {
    {"header", RateLimitKey::Kind::header}, {"cookie", RateLimitKey::Kind::cookie}};
/// What a rate is counted over.
inline constexpr Choice<Milliseconds> rate_periods[] = {{"s", Milliseconds(1'000)},
                                                        {"m", Milliseconds(60'000)},
                                                        {"h", Milliseconds(3'600'000)},
                                                        {"d", Milliseconds(86'400'000)}};

/// The word for `value`; every value has one.
template <class T, std::size_t N>
std::string name_of(const Choice<T> (&choices)[N], T value) {
  for (const Choice<T>& choice : choices) {
    if (choice.value == value) return std::string(choice.name);
  }
  return {};
}

}  // namespace weir::config
