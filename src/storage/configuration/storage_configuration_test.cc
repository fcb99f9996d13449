// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/status_assertions.h"
#include "storage/configuration/quantity.h"
#include "storage/remote/store_address.h"
#include "storage/testing/scratch_directory.h"
#include "varve/configuration.h"
#include "varve/packed.h"
#include "varve/remote_chunk_managers.h"

namespace varve {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr char kCanary[] = "canary-in-a-coal-mine";

std::string ErrorOf(const std::string& text) {
  const auto result = StorageConfiguration::Parse(text, "v.yaml");
  EXPECT_FALSE(result.ok()) << text;
  if (result.ok()) return "";
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid) << text;
  EXPECT_THAT(result.status().ToString(), Not(HasSubstr(kCanary))) << text;
  return result.status().ToString();
}

StorageConfiguration Parsed(const std::string& text) {
  auto result = StorageConfiguration::Parse(text, "v.yaml");
  EXPECT_TRUE(result.ok()) << result.status().ToString() << "\n" << text;
  if (!result.ok()) return {};
  // Whatever it says, the stores understand.
  if (!result->uri.empty() && result->type != "local") {
    const auto address = internal::ResolveStoreAddress(
        result->uri, result->StorageOptions(), [](const std::string&) { return std::nullopt; });
    EXPECT_TRUE(address.ok()) << address.status().ToString();
  }
  return *std::move(result);
}

TEST(StorageConfigurationTest, TheFileOfTheFieldLoadsUnchanged) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto storage, StorageConfiguration::Parse(R"(storage:
  type: "minio"

  compression:
    algorithm: "zstd"
    level: 3
    concurrency: 4

  cache:
    memory_limit: "8GB"
    disk_limit: "100GB"

  reliability:
    backup_enabled: true
    retry_attempts: 3
    health_check_interval: "30s"
)"));
  EXPECT_EQ(storage.type, "minio");
  EXPECT_EQ(storage.uri, "");
  EXPECT_THAT(storage.options,
              ElementsAre(Pair("endpoint", "http://127.0.0.1:9000"),
                          Pair("health_check_interval", "30000ms"), Pair("region", "us-east-1"),
                          Pair("retry_attempts", "3")));
  EXPECT_EQ(storage.compression.algorithm, Compression::kZstd);
  EXPECT_EQ(storage.compression.level, 3);
  EXPECT_EQ(storage.compression.concurrency, 4);
  EXPECT_EQ(storage.cache.memory_limit_bytes, 8'000'000'000);
  EXPECT_EQ(storage.cache.disk_limit_bytes, 100'000'000'000);
  EXPECT_TRUE(storage.reliability.backup_enabled);
  EXPECT_EQ(storage.reliability.retry_attempts, 3);
  EXPECT_EQ(storage.reliability.health_check_interval, milliseconds(30'000));
  EXPECT_THAT(
      storage.warnings,
      ElementsAre("configuration:14: storage.reliability.backup_enabled has no effect without "
                  "reliability.read_replicas",
                  "configuration:7: storage.compression.concurrency has no effect yet",
                  "configuration:10: storage.cache.memory_limit has no effect yet",
                  "configuration:11: storage.cache.disk_limit has no effect yet"));

  // The same in one line.
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto flow,
      StorageConfiguration::Parse(
          R"(storage: {type: "minio", compression: {algorithm: "zstd", level: 3, concurrency: 4}, cache: {memory_limit: "8GB", disk_limit: "100GB"}, reliability: {backup_enabled: true, retry_attempts: 3, health_check_interval: "30s"}})"));
  EXPECT_EQ(flow.options, storage.options);
  EXPECT_EQ(flow.cache.disk_limit_bytes, storage.cache.disk_limit_bytes);
  EXPECT_EQ(flow.warnings.size(), 4u);
}

TEST(StorageConfigurationTest, ReplicasAreReadWhereBackupIsOn) {
  const auto parse = [](const std::string& reliability) {
    return StorageConfiguration::Parse(
               "storage: {type: s3, bucket_name: b, reliability: {" + reliability + "}}", "v.yaml")
        .ValueOrDie();
  };
  const auto on = parse("read_replicas: s3://c/x  file:///mnt/b");
  EXPECT_TRUE(on.reliability.backup_enabled);
  EXPECT_THAT(on.reliability.read_replicas, ElementsAre("s3://c/x", "file:///mnt/b"));
  EXPECT_EQ(on.options.at("read_replicas"), "s3://c/x  file:///mnt/b");
  EXPECT_THAT(on.warnings, IsEmpty());
  const auto off = parse("backup_enabled: false, read_replicas: s3://c/x");
  EXPECT_FALSE(off.options.contains("read_replicas"));
  EXPECT_THAT(off.warnings,
              ElementsAre("v.yaml:1: storage.reliability.read_replicas has no effect while "
                          "backup_enabled is false"));
  const auto local =
      *StorageConfiguration::Parse("storage: {reliability: {retry_attempts: 3}}", "v.yaml");
  EXPECT_THAT(local.options, IsEmpty());
  EXPECT_THAT(local.warnings, ElementsAre("v.yaml:1: storage.reliability.retry_attempts has no "
                                          "effect on a local store"));
}

TEST(StorageConfigurationTest, NothingIsTheLocalDisk) {
  for (const char* text : {"", "# nothing\n", "storage:\n", "storage: {}", "~"}) {
    const auto storage = Parsed(text);
    EXPECT_EQ(storage.type, "local");
    EXPECT_EQ(storage.uri, "");
    EXPECT_THAT(storage.warnings, IsEmpty());
    EXPECT_EQ(storage.compression.algorithm, Compression::kZstd);
    EXPECT_EQ(storage.reliability.retry_attempts, -1);
    EXPECT_FALSE(storage.Open().ok());
  }
}

TEST(StorageConfigurationTest, OpensALocalStore) {
  const internal::ScratchDirectory scratch;
  const std::string path = scratch.path() + "/varve.yaml";
  const std::string root = scratch.path() + "/books of 100%";
  std::ofstream(path) << "storage:\n  type: local\n  root_path: '" << root << "'\n";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto storage, StorageConfiguration::Load(path));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, storage.Open());
  const std::string text = "here";
  VARVE_ASSERT_OK(store->Write("a", {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  EXPECT_TRUE(std::filesystem::exists(root + "/a"));
  EXPECT_TRUE(IsNotFound(StorageConfiguration::Load(scratch.path() + "/none.yaml").status()));
}

TEST(StorageConfigurationTest, EveryServiceHasItsWords) {
  const std::string keys = "\n  access_key_id: me\n  secret_access_key: " + std::string(kCanary);
  const auto with = [&](const std::string& type, const std::string& more = "") {
    return Parsed("storage:\n  type: " + type + "\n  bucket_name: box\n  root_path: /a/b/" + keys +
                  more);
  };
  const auto all = [](const StorageConfiguration& storage) { return storage.StorageOptions(); };

  const auto minio = with("minio",
                          "\n  address: 127.0.0.1\n  port: 9001\n  request_timeout_ms: 2500"
                          "\n  max_connections: 7");
  EXPECT_EQ(minio.uri, "s3://box/a/b");
  EXPECT_THAT(
      all(minio),
      UnorderedElementsAre(Pair("endpoint", "http://127.0.0.1:9001"), Pair("region", "us-east-1"),
                           Pair("access_key_id", "me"), Pair("secret_access_key", kCanary),
                           Pair("timeout", "2500ms"), Pair("max_in_flight", "7")));
  EXPECT_THAT(minio.options, Not(testing::Contains(Pair(testing::_, kCanary))));

  const auto amazon =
      with("aws", "\n  region: eu-west-1\n  session_token: t\n  use_virtual_host: true");
  EXPECT_EQ(amazon.type, "s3");
  EXPECT_THAT(all(amazon),
              UnorderedElementsAre(Pair("region", "eu-west-1"), Pair("access_key_id", "me"),
                                   Pair("secret_access_key", kCanary), Pair("session_token", "t"),
                                   Pair("enable_virtual_host_style", "true")));

  const auto azure = with("azure");
  EXPECT_EQ(azure.uri, "az://box/a/b");
  EXPECT_THAT(all(azure),
              UnorderedElementsAre(Pair("endpoint", "https://me.blob.core.windows.net"),
                                   Pair("account_name", "me"), Pair("account_key", kCanary)));
  EXPECT_EQ(with("azblob", "\n  address: core.chinacloudapi.cn").options.at("endpoint"),
            "https://me.blob.core.chinacloudapi.cn");
  EXPECT_EQ(with("azure", "\n  address: 127.0.0.1:10000").options.at("endpoint"),
            "http://127.0.0.1:10000/me");

  EXPECT_THAT(
      all(with("aliyun", "\n  region: cn-hangzhou")),
      UnorderedElementsAre(Pair("endpoint", "https://oss-cn-hangzhou.aliyuncs.com"),
                           Pair("access_key_id", "me"), Pair("access_key_secret", kCanary)));
  EXPECT_THAT(all(with("tencent", "\n  region: ap-guangzhou")),
              UnorderedElementsAre(Pair("endpoint", "https://cos.ap-guangzhou.myqcloud.com"),
                                   Pair("secret_id", "me"), Pair("secret_key", kCanary)));
  EXPECT_THAT(
      all(with("obs", "\n  address: obs.cn-north-4.myhuaweicloud.com")),
      UnorderedElementsAre(Pair("endpoint", "https://obs.cn-north-4.myhuaweicloud.com"),
                           Pair("access_key_id", "me"), Pair("secret_access_key", kCanary)));

  const auto google = Parsed("storage: {type: gcp, bucket_name: box, gcp_credential_json: '{}'}");
  EXPECT_EQ(google.uri, "gs://box");
  EXPECT_THAT(all(google), ElementsAre(Pair("credential", "e30=")));
  EXPECT_THAT(all(Parsed("storage: {type: gcs, bucket_name: box, gcp_credential_path: /k.json}")),
              ElementsAre(Pair("credential_path", "/k.json")));
}

TEST(StorageConfigurationTest, MachinesMayHaveCredentials) {
  EXPECT_THAT(Parsed("storage: {type: s3, bucket_name: b, use_iam: true}").options,
              ElementsAre(Pair("disable_ec2_metadata", "false")));
  EXPECT_THAT(Parsed("storage: {type: gcp, bucket_name: b, use_iam: true}").options,
              ElementsAre(Pair("disable_vm_metadata", "false")));
  EXPECT_THAT(
      Parsed("storage: {type: azure, bucket_name: b, use_iam: true, access_key_id: me}").options,
      ElementsAre(Pair("account_name", "me"),
                  Pair("endpoint", "https://me.blob.core.windows.net")));
}

TEST(StorageConfigurationTest, TlsUnlessToldOrOnThisMachine) {
  const auto endpoint = [](const std::string& address, const std::string& more = "") {
    return Parsed("storage: {type: minio, bucket_name: b, address: '" + address + "'" + more + "}")
        .options;
  };
  EXPECT_EQ(endpoint("minio:9000").at("endpoint"), "https://minio:9000");
  EXPECT_EQ(endpoint("localhost:9000").at("endpoint"), "http://localhost:9000");
  EXPECT_EQ(endpoint("[::1]:9000").at("endpoint"), "http://[::1]:9000");
  EXPECT_EQ(endpoint("[::1]", ", port: 9000").at("endpoint"), "http://[::1]:9000");
  EXPECT_EQ(endpoint("127.0.0.1:1", ", use_ssl: true").at("endpoint"), "https://127.0.0.1:1");
  EXPECT_EQ(endpoint("https://minio/s3/").at("endpoint"), "https://minio/s3");
  const auto plain = endpoint("minio:9000", ", use_ssl: false");
  EXPECT_EQ(plain.at("endpoint"), "http://minio:9000");
  EXPECT_EQ(plain.at("allow_http"), "true");
  EXPECT_THAT(ErrorOf("storage: {type: minio, address: 'http://minio:9000'}"),
              HasSubstr("use_ssl: false"));
  EXPECT_THAT(ErrorOf("storage: {type: minio, address: 'https://minio', use_ssl: false}"),
              HasSubstr("contradicts"));
  const auto bundle = Parsed(
      "storage: {type: minio, bucket_name: b, address: 'localhost', ssl_ca_cert: /none.pem}");
  EXPECT_THAT(bundle.warnings,
              ElementsAre("v.yaml:1: storage.ssl_ca_cert has no effect without TLS"));
}

TEST(StorageConfigurationTest, TrustsTheCertificatesOfAFile) {
  const internal::ScratchDirectory scratch;
  const std::string path = scratch.path() + "/ca.pem";
  std::ofstream(path) << "pem";
  const auto storage = Parsed(
      "storage: {type: minio, bucket_name: b, address: 'minio', ssl_ca_cert: '" + path + "'}");
  EXPECT_EQ(storage.options.at("ca_bundle"), path);
}

TEST(StorageConfigurationTest, TheSectionOfMilvusIsUnderstood) {
  const auto storage = Parsed(R"(
minio:
  address: localhost
  port: 9000
  accessKeyID: me
  secretAccessKey: canary-in-a-coal-mine
  useSSL: false
  ssl:
    tlsCACert: /path/to/public.crt
  bucketName: a-bucket
  rootPath: files
  useIAM: false
  cloudProvider: aws
  gcpCredentialJSON:
  iamEndpoint:
  logLevel: fatal
  region:
  useVirtualHost: false
  requestTimeoutMs: 10000
  listObjectsMaxKeys: 0
common:
  storageType: remote
localStorage:
  path: /var/lib/milvus/data/
)");
  EXPECT_EQ(storage.type, "minio");
  EXPECT_EQ(storage.uri, "s3://a-bucket/files");
  EXPECT_THAT(
      storage.StorageOptions(),
      UnorderedElementsAre(Pair("endpoint", "http://localhost:9000"), Pair("region", "us-east-1"),
                           Pair("access_key_id", "me"), Pair("secret_access_key", kCanary),
                           Pair("timeout", "10000ms"), Pair("enable_virtual_host_style", "false")));
  EXPECT_THAT(storage.warnings,
              ElementsAre("v.yaml:9: minio.ssl.tlsCACert has no effect without TLS",
                          "v.yaml:20: minio.listObjectsMaxKeys is not supported and has no effect",
                          "v.yaml:16: minio.logLevel has no effect here"));
  EXPECT_EQ(
      Parsed("minio: {address: s3.eu-west-1.amazonaws.com, bucketName: b, useSSL: true}").type,
      "s3");
  EXPECT_EQ(Parsed("minio: {bucketName: b, cloudProvider: azure}").type, "azure");
  EXPECT_EQ(Parsed("{common: {storageType: local}, localStorage: {path: /data}}").uri,
            "file:///data");
}

TEST(StorageConfigurationTest, OtherOptionsPassThrough) {
  const auto storage =
      Parsed("storage: {type: azure, bucket_name: b, options: {sas_token: " + std::string(kCanary) +
             ", endpoint: 'https://e'}}");
  EXPECT_THAT(storage.options, IsEmpty());
  EXPECT_THAT(storage.StorageOptions(),
              UnorderedElementsAre(Pair("sas_token", kCanary), Pair("endpoint", "https://e")));
}

TEST(StorageConfigurationTest, MistakesAreNamed) {
  EXPECT_THAT(ErrorOf("storage:\n  tpye: minio\n"),
              AllOf(HasSubstr("v.yaml:2"), HasSubstr("storage.tpye"), HasSubstr("storage.type")));
  EXPECT_THAT(ErrorOf("storage:\n  chache:\n    memory_limit: 8GB\n"),
              AllOf(HasSubstr("v.yaml:2"), HasSubstr("'storage.chache'"),
                    HasSubstr("expected storage.cache")));
  EXPECT_THAT(ErrorOf("\n\nstorage:\n  cache:\n    memory_limt: 8GB\n"),
              AllOf(HasSubstr("v.yaml:5"), HasSubstr("expected storage.cache.memory_limit")));
  EXPECT_THAT(ErrorOf("cache:\n  memory_limit: 8GB\n"), HasSubstr("v.yaml:1"));
  EXPECT_THAT(ErrorOf("bucket_name: b\n"), HasSubstr("expected storage.bucket_name"));
  EXPECT_THAT(ErrorOf("etcd: {rootPath: by-dev}\n"), HasSubstr("'etcd'"));
  EXPECT_THAT(ErrorOf("storage: 5"), HasSubstr("a value where a section belongs"));
  EXPECT_THAT(ErrorOf("storage: {type: {a: b}}"), HasSubstr("a section where a value belongs"));
  EXPECT_THAT(ErrorOf("storage: {secret_access_key: {canary-in-a-coal-mine}}"),
              HasSubstr("storage.secret_access_key"));
  EXPECT_THAT(ErrorOf("storage: {options: canary-in-a-coal-mine}"), HasSubstr("storage.options"));

  EXPECT_THAT(ErrorOf("storage: {cache: {memory_limit: 8GX}}"),
              AllOf(HasSubstr("8GB"), HasSubstr("8GX")));
  EXPECT_THAT(ErrorOf("storage:\n  reliability:\n    health_check_interval: 30\n"),
              AllOf(HasSubstr("v.yaml:3"), HasSubstr("30s"), HasSubstr("found 30")));
  EXPECT_THAT(ErrorOf("storage: {reliability: {retry_attempts: -1}}"), HasSubstr("from 0 to 100"));
  EXPECT_THAT(ErrorOf("storage: {reliability: {backup_enabled: yep}}"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf("storage: {compression: {algorithm: zsdt}}"), HasSubstr("zstd"));
  EXPECT_THAT(ErrorOf("storage: {compression: {level: 23}}"), HasSubstr("from 1 to 22"));
  EXPECT_THAT(ErrorOf("storage: {compression: {algorithm: snappy, level: 3}}"),
              HasSubstr("no levels"));
  EXPECT_THAT(ErrorOf("storage: {type: miino}"), HasSubstr("expected minio"));
  EXPECT_THAT(ErrorOf("storage: {bucket_name: b}"), HasSubstr("storage.type"));
  EXPECT_THAT(ErrorOf("{storage: {use_ssl: true}, minio: {useSSL: true}}"), HasSubstr("set twice"));
}

TEST(StorageConfigurationTest, ContradictionsAreNamedAndSecretsAreNot) {
  const std::string key = ", access_key_id: k, secret_access_key: " + std::string(kCanary);
  EXPECT_THAT(ErrorOf("storage: {type: s3, use_iam: true" + key + "}"), HasSubstr("use_iam"));
  EXPECT_THAT(ErrorOf("storage: {type: gcp" + key + "}"), HasSubstr("gcp_credential_json"));
  EXPECT_THAT(ErrorOf("storage: {type: s3, secret_access_key: " + std::string(kCanary) + "}"),
              HasSubstr("half"));
  EXPECT_THAT(ErrorOf("storage: {type: azure, session_token: " + std::string(kCanary) + "}"),
              HasSubstr("session_token"));
  EXPECT_THAT(ErrorOf("storage: {type: minio, address: '" + std::string(kCanary) + ":x@host'}"),
              HasSubstr("not an address"));
  EXPECT_THAT(ErrorOf("storage: {type: minio, address: 'ftp://host'}"),
              HasSubstr("not an address"));
  EXPECT_THAT(ErrorOf("storage: {type: s3, bucket_name: 'a/b'}"), HasSubstr("bucket"));
  EXPECT_THAT(ErrorOf("storage: {type: s3, bucket_name: b, root_path: 'a?x'}"),
              HasSubstr("root_path"));
  EXPECT_THAT(ErrorOf("storage: {type: azure, address: 'core.windows.net'}"), HasSubstr("account"));
}

TEST(StorageConfigurationTest, DamagedTextIsAnErrorWithItsLine) {
  EXPECT_THAT(ErrorOf("storage:\n  type: [a\n"), HasSubstr("v.yaml:"));
  EXPECT_THAT(ErrorOf("storage:\n  secret_access_key: *canary-in-a-coal-mine\n"),
              HasSubstr("v.yaml:2"));
  EXPECT_THAT(ErrorOf("storage:\n  type: local\n  type: minio\n"),
              AllOf(HasSubstr("v.yaml:3"), HasSubstr("twice")));
  EXPECT_THAT(ErrorOf("storage:\n  type: [local]\n"), HasSubstr("a list"));
  EXPECT_THAT(ErrorOf("a: b\n---\nc: d\n"), HasSubstr("second document"));
  EXPECT_THAT(ErrorOf("canary-in-a-coal-mine"), HasSubstr("not a configuration"));
  EXPECT_THAT(ErrorOf(std::string(100'000, '[')), HasSubstr("v.yaml"));
  EXPECT_THAT(ErrorOf(std::string((1 << 20) + 1, ' ')), HasSubstr("1 MiB"));
  EXPECT_THAT(ErrorOf("a: &a {x: 1}\nb: *a\n"),
              AllOf(HasSubstr("v.yaml:2"), HasSubstr("reference")));
  EXPECT_THAT(ErrorOf("? {a: b}\n: c\n"), HasSubstr("not a word"));
  EXPECT_THAT(ErrorOf("? ~\n: c\n"), HasSubstr("not a word"));
  EXPECT_THAT(ErrorOf("a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}"), HasSubstr("too much"));
  std::string many = "storage: {options: {";
  for (int i = 0; i < 1001; ++i) many += "o" + std::to_string(i) + ": 1, ";
  EXPECT_THAT(ErrorOf(many + "}}"), HasSubstr("too much"));
  // The YAML library reads this one for ever, if it is let.
  EXPECT_THAT(ErrorOf(", l :s\xd6"), HasSubstr("v.yaml:1"));
}

TEST(QuantityTest, SizesAndTimes) {
  using internal::ParseBytes;
  using internal::ParseDuration;
  EXPECT_EQ(ParseBytes("8GB"), 8'000'000'000);
  EXPECT_EQ(ParseBytes("8 gb"), 8'000'000'000);
  EXPECT_EQ(ParseBytes("100MiB"), 104'857'600);
  EXPECT_EQ(ParseBytes("1TiB"), int64_t{1} << 40);
  EXPECT_EQ(ParseBytes("12"), 12);
  EXPECT_EQ(ParseBytes("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("2m"), milliseconds(120'000));
  EXPECT_EQ(ParseDuration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
  for (const char* text : {"", "GB", "-1GB", "1.5GB", "8GBB", "8 G B", "9223372036854775808",
                           "9999999999GB", "8PB", "+8GB", " 8GB", "30s"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
  for (const char* text : {"", "30", "s", "-1s", "1d", "9223372036854775807h", "1.5s", "8GB"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(RemoteChunkManagersTest, EachOpensItsOwnKind) {
  const auto configuration = [](const std::string& type) {
    return StorageConfiguration::Parse("storage: {type: " + type +
                                       ", bucket_name: books, root_path: shelf, region: r, "
                                       "address: \"http://127.0.0.1:1/me\"}")
        .ValueOrDie();
  };
  const auto expect = [](const Result<std::shared_ptr<ChunkManager>>& opened,
                         const std::string& uri) {
    if (!uri.empty() && !opened.ok()) {
      // A build without object stores says so.
      EXPECT_EQ(KindOf(opened.status()), ErrorKind::kUnsupported) << opened.status();
    } else if (!uri.empty()) {
      EXPECT_EQ((*opened)->uri(), uri);
    } else {
      EXPECT_EQ(KindOf(opened.status()), ErrorKind::kInvalid);
    }
  };
  const auto minio = configuration("minio");
  expect(MinioChunkManager::Make(minio), "s3://books/shelf");
  expect(AzureChunkManager::Make(minio), "");
  expect(GcpNativeChunkManager::Make(minio), "");
  expect(OpenDALChunkManager::Make(minio), "s3://books/shelf");
  const auto azure = configuration("azure");
  expect(AzureChunkManager::Make(azure), "az://books/shelf");
  expect(MinioChunkManager::Make(azure), "");
  expect(GcpNativeChunkManager::Make(configuration("gcp")), "gs://books/shelf");
  const auto local = *StorageConfiguration::Parse("storage: {root_path: /shelf}");
  expect(OpenDALChunkManager::Make(local), "");
  EXPECT_EQ((*CreateChunkManager(local))->uri(), "file:///shelf");
}

}  // namespace
}  // namespace varve
