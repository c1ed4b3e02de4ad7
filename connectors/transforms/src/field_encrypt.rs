//! FieldEncrypt: texts encrypted and decrypted, as SeaTunnel does it.
//!
//! An encrypted text is the base64 of random bytes (16 for CBC, 12 for GCM) and what the cipher made.

use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, StringArray};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit,
};
use seatunnel_api::options::{Located, OptionEnum, Options, Secret};
use seatunnel_api::{
    Batch, CatalogTable, DataType, Error, PluginInfo, Result, Transform, TransformContext,
    TransformFactory,
};

use crate::codes;
use crate::columns::{column_index, missing_option, rebuilt, text, with_columns};
use crate::tables::{Rule, TableStep, per_table};

const NAME: &str = "FieldEncrypt";
const CBC_RANDOM: usize = 16;
const GCM_RANDOM: usize = 12;

/// How texts are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum Algorithm {
    /// AES in CBC mode, padded. A wrong key may go unnoticed.
    #[option(name = "AES_CBC")]
    AesCbc,
    /// AES in GCM mode. A wrong key or a changed text is an error.
    #[option(name = "AES_GCM")]
    AesGcm,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, OptionEnum)]
enum Mode {
    /// Texts become encrypted ones.
    Encrypt,
    /// Encrypted texts become what they were.
    Decrypt,
}

/// What is encrypted.
#[derive(Clone, Debug, Options)]
struct FieldEncryptRule {
    /// The columns, which must be text.
    fields: Option<Vec<Located<String>>>,
    /// The key: 16, 24 or 32 bytes in base64, which may have `base64:` in front.
    #[option(secret)]
    key: Option<Located<Secret>>,
    /// How. (SeaTunnel 3 takes AES_GCM if it is not given, and so should you where nothing is encrypted yet.)
    #[option(default = Algorithm::AesCbc)]
    algorithm: Algorithm,
    /// Whether columns are encrypted or decrypted.
    #[option(default = Mode::Encrypt)]
    mode: Mode,
    /// Longest text, in characters; a longer one is an error of its row.
    #[option(default = 10_485_760)]
    max_field_length: usize,
}

impl Rule for FieldEncryptRule {
    fn is_given(&self) -> bool {
        self.fields.is_some() || self.key.is_some()
    }
}

impl FieldEncryptRule {
    fn step(&self, table: &Arc<CatalogTable>) -> Result<EncryptStep> {
        let missing = |key| missing_option(NAME, key, table);
        let fields = self.fields.as_ref().ok_or_else(|| missing("fields"))?;
        let key = self.key.as_ref().ok_or_else(|| missing("key"))?;
        let cipher = Cipher::new(self.algorithm, key.value.expose())
            .map_err(|why| {
                Error::new(codes::ENCRYPTION, format!("{NAME}: the key {why}"))
                    .with_help("`openssl rand -base64 32` makes one")
            })
            .map_err(|e| e.or_at(&key.span))?;
        let mut columns = table.columns().to_vec();
        let mut at = Vec::new();
        for field in fields {
            let index = column_index(NAME, table, field)?;
            if columns[index].data_type != DataType::String {
                return Err(Error::new(
                    codes::NOT_TEXT,
                    format!(
                        "{NAME} works on text, the column `{}` is of the type {}",
                        field.value, columns[index].data_type
                    ),
                )
                .with_help("turn it into text first, with the Sql transform: cast(… as string)")
                .at(&field.span));
            }
            // What was known of the length holds no more.
            columns[index].length = None;
            columns[index].source_type = None;
            columns[index].default_value = None;
            at.push(index);
        }
        Ok(EncryptStep {
            table: with_columns(table, columns, |name| Some(name.to_owned())),
            at,
            cipher,
            mode: self.mode,
            longest: self.max_field_length,
        })
    }
}

struct EncryptStep {
    table: Arc<CatalogTable>,
    at: Vec<usize>,
    cipher: Cipher,
    mode: Mode,
    longest: usize,
}

impl TableStep for EncryptStep {
    fn table(&self) -> &Arc<CatalogTable> {
        &self.table
    }

    fn apply(&self, batch: Batch) -> Result<Option<Batch>> {
        let mut columns: Vec<ArrayRef> = batch.records().columns().to_vec();
        for at in &self.at {
            columns[*at] = self.changed(text(&columns[*at])).map_err(|why| {
                let verb = match self.mode {
                    Mode::Encrypt => "encrypted",
                    Mode::Decrypt => "decrypted",
                };
                let column = &self.table.columns()[*at].name;
                // Never the value: it is a secret, or stands for one.
                Error::new(
                    codes::ENCRYPTION,
                    format!("{NAME}: a value can't be {verb}: {why}"),
                )
                .with_context("table", self.table.path())
                .with_context("column", column)
                .of_row()
            })?;
        }
        rebuilt(&self.table, columns, &batch).map(Some)
    }
}

impl EncryptStep {
    fn changed(&self, column: &StringArray) -> std::result::Result<ArrayRef, String> {
        let random = match self.mode {
            Mode::Encrypt => random_bytes(column.len() * self.cipher.random())?,
            Mode::Decrypt => Vec::new(),
        };
        let mut random = random.chunks(self.cipher.random());
        let mut out = StringBuilder::with_capacity(column.len(), column.value_data().len() * 2);
        let mut bytes = Vec::new();
        let mut encoded = String::new();
        for row in 0..column.len() {
            if column.is_null(row) {
                out.append_null();
                continue;
            }
            let value = column.value(row);
            // Bytes are at least as many as characters.
            if value.len() > self.longest && value.chars().count() > self.longest {
                return Err(format!("it is longer than {} characters", self.longest));
            }
            bytes.clear();
            match self.mode {
                Mode::Encrypt => {
                    let random = random.next().ok_or("random bytes are missing")?;
                    bytes.extend_from_slice(random);
                    self.cipher.encrypt(random, value, &mut bytes)?;
                    encoded.clear();
                    STANDARD.encode_string(&bytes, &mut encoded);
                    out.append_value(&encoded);
                }
                Mode::Decrypt => {
                    STANDARD
                        .decode_vec(value, &mut bytes)
                        .map_err(|_| "it is not base64")?;
                    let plain = self.cipher.decrypt(&mut bytes)?;
                    let plain = std::str::from_utf8(plain)
                        .map_err(|_| "it is no text then; the key may be another one")?;
                    out.append_value(plain);
                }
            }
        }
        Ok(Arc::new(out.finish()))
    }
}

fn random_bytes(count: usize) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|e| format!("there are no random numbers: {e}"))?;
    Ok(bytes)
}

type Step<T> = std::result::Result<T, String>;

/// A key, made ready for its algorithm.
enum Cipher {
    Cbc128([u8; 16]),
    Cbc192([u8; 24]),
    Cbc256([u8; 32]),
    Gcm128(Box<Aes128Gcm>),
    Gcm192(Box<AesGcm<Aes192, aes_gcm::aead::consts::U12>>),
    Gcm256(Box<Aes256Gcm>),
}

impl Cipher {
    fn new(algorithm: Algorithm, key: &str) -> Step<Self> {
        let key = key.trim();
        let encoded = key.strip_prefix("base64:").unwrap_or(key).trim();
        if encoded.is_empty() {
            return Err("is empty".to_owned());
        }
        let key = STANDARD
            .decode(encoded)
            .map_err(|_| "is not base64".to_owned())?;
        let length = || format!("has {} bytes, not 16, 24 or 32", key.len());
        Ok(match algorithm {
            Algorithm::AesCbc => match key.len() {
                16 => Self::Cbc128(key.try_into().map_err(|_| "is not valid")?),
                24 => Self::Cbc192(key.try_into().map_err(|_| "is not valid")?),
                32 => Self::Cbc256(key.try_into().map_err(|_| "is not valid")?),
                _ => return Err(length()),
            },
            Algorithm::AesGcm => match key.len() {
                16 => Self::Gcm128(Box::new(
                    KeyInit::new_from_slice(&key).map_err(|_| length())?,
                )),
                24 => Self::Gcm192(Box::new(
                    KeyInit::new_from_slice(&key).map_err(|_| length())?,
                )),
                32 => Self::Gcm256(Box::new(
                    KeyInit::new_from_slice(&key).map_err(|_| length())?,
                )),
                _ => return Err(length()),
            },
        })
    }

    /// Random bytes that a text needs.
    fn random(&self) -> usize {
        match self {
            Self::Cbc128(_) | Self::Cbc192(_) | Self::Cbc256(_) => CBC_RANDOM,
            Self::Gcm128(_) | Self::Gcm192(_) | Self::Gcm256(_) => GCM_RANDOM,
        }
    }

    fn encrypt(&self, random: &[u8], plain: &str, out: &mut Vec<u8>) -> Step<()> {
        match self {
            Self::Cbc128(key) => cbc_encrypt::<Aes128>(key, random, plain, out),
            Self::Cbc192(key) => cbc_encrypt::<Aes192>(key, random, plain, out),
            Self::Cbc256(key) => cbc_encrypt::<Aes256>(key, random, plain, out),
            Self::Gcm128(cipher) => gcm_encrypt(cipher.as_ref(), random, plain, out),
            Self::Gcm192(cipher) => gcm_encrypt(cipher.as_ref(), random, plain, out),
            Self::Gcm256(cipher) => gcm_encrypt(cipher.as_ref(), random, plain, out),
        }
    }

    fn decrypt<'b>(&self, bytes: &'b mut Vec<u8>) -> Step<&'b [u8]> {
        if bytes.len() < self.random() {
            return Err("it is too short for an encrypted text".to_owned());
        }
        match self {
            Self::Cbc128(key) => cbc_decrypt::<Aes128>(key, bytes),
            Self::Cbc192(key) => cbc_decrypt::<Aes192>(key, bytes),
            Self::Cbc256(key) => cbc_decrypt::<Aes256>(key, bytes),
            Self::Gcm128(cipher) => gcm_decrypt(cipher.as_ref(), bytes),
            Self::Gcm192(cipher) => gcm_decrypt(cipher.as_ref(), bytes),
            Self::Gcm256(cipher) => gcm_decrypt(cipher.as_ref(), bytes),
        }
    }
}

fn cbc_encrypt<C: BlockCipherEncrypt + cbc::cipher::KeyInit>(
    key: &[u8],
    random: &[u8],
    plain: &str,
    out: &mut Vec<u8>,
) -> Step<()>
where
    cbc::Encryptor<C>: KeyIvInit + BlockModeEncrypt,
{
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, random).map_err(|e| e.to_string())?;
    out.extend(cipher.encrypt_padded_vec::<Pkcs7>(plain.as_bytes()));
    Ok(())
}

fn cbc_decrypt<'b, C: BlockCipherDecrypt + cbc::cipher::KeyInit>(
    key: &[u8],
    bytes: &'b mut [u8],
) -> Step<&'b [u8]>
where
    cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt,
{
    let (random, sealed) = bytes.split_at_mut(CBC_RANDOM);
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, random).map_err(|e| e.to_string())?;
    cipher
        .decrypt_padded::<Pkcs7>(sealed)
        .map_err(|_| "the key is another one, or the text was changed".to_owned())
}

fn gcm_encrypt<C: Aead>(cipher: &C, random: &[u8], plain: &str, out: &mut Vec<u8>) -> Step<()> {
    let nonce = Nonce::<C>::try_from(random).map_err(|e| e.to_string())?;
    let sealed = cipher
        .encrypt(&nonce, plain.as_bytes())
        .map_err(|_| "it is too long".to_owned())?;
    out.extend(sealed);
    Ok(())
}

fn gcm_decrypt<'b, C: Aead>(cipher: &C, bytes: &'b mut Vec<u8>) -> Step<&'b [u8]> {
    let nonce = Nonce::<C>::try_from(&bytes[..GCM_RANDOM]).map_err(|e| e.to_string())?;
    *bytes = cipher
        .decrypt(&nonce, &bytes[GCM_RANDOM..])
        .map_err(|_| "the key is another one, or the text was changed".to_owned())?;
    Ok(bytes)
}

crate::options_with_table_rules!(
    /// Encrypts or decrypts columns.
    "FieldEncrypt",
    FieldEncryptOptions,
    FieldEncryptTableRule,
    FieldEncryptRule
);

/// Makes FieldEncrypt transforms.
pub struct FieldEncryptFactory;

#[async_trait]
impl TransformFactory for FieldEncryptFactory {
    type Options = FieldEncryptOptions;

    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: NAME,
            aliases: &["Encrypt"],
            summary: "Encrypts or decrypts text columns with AES.",
        }
    }

    async fn create(
        &self,
        options: FieldEncryptOptions,
        context: TransformContext,
    ) -> Result<Arc<dyn Transform>> {
        per_table(&options.into(), &context, FieldEncryptRule::step)
    }
}
