//! Files in stores, against real servers that the tests start: S3 (moto), Google's store (moto, fake-gcs-server), Azure
//! (Azurite), SFTP (OpenSSH, ProFTPD), FTP (ProFTPD), WebDAV (Apache), HDFS (Hadoop).
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[cfg(feature = "object-store")]
mod azure;
#[cfg(feature = "object-store")]
mod crashes;
mod fixture;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(feature = "object-store")]
mod gcs;
#[cfg(feature = "hdfs")]
mod hdfs;
#[cfg(feature = "object-store")]
mod keys;
mod relay;
#[cfg(feature = "object-store")]
mod s3;
mod servers;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(feature = "webdav")]
mod webdav;
