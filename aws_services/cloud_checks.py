"""Whether the account's parts let this program do what it needs. Each check tells what it did, or raises Ailing."""

import base64
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ParamValidationError,
    ProfileNotFound,
)

from aws_services.late_client import made
from aws_services.storage_manager import encryption_of
from aws_services.transcribe_batch_failures import WITHOUT_CREDENTIALS, code_of, is_untrusted
from aws_services.transcribe_failures import RIGHTS
from utils.config import Settings

ANSWER_SECONDS = 2
FOLDER = "doctor/"
"""Where the bucket is tried out"""
GIVE_CREDENTIALS = "give it by the environment, ~/.aws, or a role; see docs/aws.md"
GIVE_RIGHTS = "compare the rights of this program's role with docs/aws.md"
NO_PROFILE = "AWS_PROFILE names a profile that is not there"
CORRECT_PROFILE = "correct AWS_PROFILE, or add that profile to ~/.aws/config"
MAKE_BUCKET = "make it, or correct s3_bucket or aws_region; see docs/aws.md"
NAME_BUCKET = "correct s3_bucket: 3 to 63 small letters, digits, dots and hyphens"
LOOK_AT_KEY = "look at s3_kms_key_id, and at the policy of that key"
LOOK_AT_REGION = "correct aws_region: the bucket is elsewhere"
TRUST = "name your proxy's certificate authority by AWS_CA_BUNDLE"
CORRECT_FILES = "correct ~/.aws/config and ~/.aws/credentials"
OF_OTHER_REGIONS = frozenset({"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"})
LOOK_AT_NETWORK = "look at the network, the region and the endpoint settings"


class Ailing(Exception):
    """Something does not work. Both texts are for operators and hold no secret and no vendor's words."""

    def __init__(self, what: str, advice: str) -> None:
        self.what = what
        self.advice = advice
        super().__init__(what)


class CloudChecks:
    """Makes clients of its own, which wait two seconds and try once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def credentials(self) -> str:
        """Who the account says that this program is. Where nobody can be asked, that there are credentials."""
        with _in_our_words("the account refuses the credentials", GIVE_CREDENTIALS):
            found = self._session().get_credentials()
            if found is None:
                raise Ailing("there are none", GIVE_CREDENTIALS)
            origin = f"found by {found.method}"
            try:
                account = str(self._client("sts").get_caller_identity()["Account"])
            except BotoCoreError:
                return f"{origin}; not tried out, for AWS STS does not answer"
        return f"{origin}, taken by the account that ends in {account[-4:]}"

    def bucket(self) -> str:
        """A tiny object, made, read and deleted again, as recordings are."""
        content, key = b"doctor", f"{FOLDER}{uuid.uuid4()}"
        place: dict[str, Any] = {"Bucket": self._settings.s3_bucket, "Key": key}
        with _in_our_words("the bucket refuses", GIVE_RIGHTS):
            s3 = self._client("s3", endpoint_url=self._settings.s3_endpoint_url, signature_version="s3v4")
            s3.put_object(
                **place,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode(),
                **encryption_of(self._settings.s3_kms_key_id),
            )
            try:
                is_same = s3.get_object(**place)["Body"].read() == content
            finally:
                s3.delete_object(**place)
        if not is_same:
            raise Ailing("what was read is not what was written", "look at what stands between here and S3")
        encrypted = ", encrypted by the KMS key" if self._settings.s3_kms_key_id else ""
        return f"wrote, read and deleted a tiny object under {FOLDER}{encrypted}"

    def batch(self) -> str:
        """The list of medical jobs may be asked for; starting one would cost."""
        with _in_our_words("the service refuses", GIVE_RIGHTS):
            self._client("transcribe").list_medical_transcription_jobs(MaxResults=1)
        return "medical jobs may be listed (none was started)"

    def _session(self) -> boto3.Session:
        return boto3.Session(region_name=self._settings.aws_region)

    def _client(self, service: str, endpoint_url: str | None = None, signature_version: str | None = None) -> Any:
        config = Config(
            connect_timeout=ANSWER_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
            signature_version=signature_version,
        )
        client: Any = self._session().client  # one call for three services, which the stubs type one by one
        return made(lambda: client(service, endpoint_url=endpoint_url, config=config))


@contextmanager
def _in_our_words(refusal: str, advice: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _of_answer(code_of(error), refusal, advice) from None
    except BotoCoreError as error:
        raise _of_silence(error) from None


def _of_answer(code: str, refusal: str, advice: str) -> Ailing:
    if code == "NoSuchBucket":
        return Ailing("there is no such bucket", MAKE_BUCKET)
    if code in OF_OTHER_REGIONS:
        advice = LOOK_AT_REGION
    elif code.startswith("KMS."):
        advice = LOOK_AT_KEY
    elif code in RIGHTS - {"AccessDenied", "AccessDeniedException"}:
        advice = GIVE_CREDENTIALS
    return Ailing(f"{refusal} ({code})", advice)


def _of_silence(error: BotoCoreError) -> Ailing:
    """What never came to an answer."""
    if isinstance(error, ProfileNotFound):
        return Ailing(NO_PROFILE, CORRECT_PROFILE)
    if isinstance(error, ConfigParseError | ConfigNotFound):
        return Ailing("the files of the account can't be read", CORRECT_FILES)
    if isinstance(error, WITHOUT_CREDENTIALS):
        return Ailing("not asked, for want of credentials", GIVE_CREDENTIALS)
    if isinstance(error, ParamValidationError):
        return Ailing("no bucket can have this name", NAME_BUCKET)
    if is_untrusted(error):
        return Ailing("a certificate that nobody vouches for", TRUST)
    return Ailing(f"no answer ({type(error).__name__})", LOOK_AT_NETWORK)
