"""The Aurora cluster, its two instances in two zones, and the proxy in front of it."""

from __future__ import annotations

from datetime import timedelta

from demo.account import PREFIX, REGION, BuildContext, backend
from demo.restore_jobs import OPERATION, restore_jobs

PORT = 5432
SECURITY_GROUP = "database"
SNAPSHOT = f"{PREFIX}-before-upgrade"
_ZONES = {f"{PREFIX}-1": "a", f"{PREFIX}-2": "b"}


def create(context: BuildContext, *, key: str, secret: str, role: str) -> None:
    """Create Aurora Serverless v2 for PostgreSQL 15.4: 0.5 to 4 ACU, two zones, encryption, 35 days of backups, TLS."""
    rds = context.client("rds")
    group = _create_security_group(context)
    rds.create_db_cluster(
        DBClusterIdentifier=PREFIX,
        Engine="aurora-postgresql",
        EngineVersion="15.4",
        VpcSecurityGroupIds=[group],
        DatabaseName="securebase",
        MasterUsername="securebase",
        ManageMasterUserPassword=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
        BackupRetentionPeriod=35,
        StorageEncrypted=True,
        KmsKeyId=key,
        DeletionProtection=True,
        CopyTagsToSnapshot=True,
        EnableIAMDatabaseAuthentication=True,
        EnableCloudwatchLogsExports=["postgresql"],
    )
    for name, zone in _ZONES.items():
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBClusterIdentifier=PREFIX,
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
            AvailabilityZone=REGION + zone,
            PubliclyAccessible=False,
        )
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=SNAPSHOT, DBClusterIdentifier=PREFIX)
    _create_proxy(context, secret=secret, role=role)
    context.answer(OPERATION, restore_jobs())
    _backdate(context)
    _support(context)


def _create_security_group(context: BuildContext) -> str:
    """Create the cluster's security group, which lets in the functions' group alone, at PostgreSQL's port."""
    ec2 = context.client("ec2")
    vpc = backend("ec2").get_default_vpc().id
    functions, cluster = (
        ec2.create_security_group(GroupName=f"{PREFIX}-{name}", Description=name, VpcId=vpc)["GroupId"]
        for name in ("functions", SECURITY_GROUP)
    )
    rule = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "UserIdGroupPairs": [{"GroupId": functions}]}
    ec2.authorize_security_group_ingress(GroupId=cluster, IpPermissions=[rule])
    return str(cluster)


def _create_proxy(context: BuildContext, *, secret: str, role: str) -> None:
    subnets = backend("ec2").describe_subnets()[:2]
    rds = context.client("rds")
    rds.create_db_proxy(
        DBProxyName=f"{PREFIX}-proxy",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "REQUIRED"}],
        RoleArn=role,
        VpcSubnetIds=[subnet.id for subnet in subnets],
        RequireTLS=True,
    )
    rds.register_db_proxy_targets(DBProxyName=f"{PREFIX}-proxy", DBClusterIdentifiers=[PREFIX])
    # moto has a target REGISTERING until it was described once.
    rds.describe_db_proxy_targets(DBProxyName=f"{PREFIX}-proxy")


def _backdate(context: BuildContext) -> None:
    state = backend("rds")
    # moto stores naive times in UTC.
    built_at = context.built_at.replace(tzinfo=None)
    state.clusters[PREFIX].cluster_create_time = built_at
    for name in _ZONES:
        state.databases[name].instance_create_time = built_at
    state.db_proxies[f"{PREFIX}-proxy"].created_date = built_at


def _support(context: BuildContext) -> None:
    """Answer that the version is available, and its major version in standard support for 15 months more."""
    lifecycle = {
        "LifecycleSupportName": "open-source-rds-standard-support",
        "LifecycleSupportStartDate": context.built_at,
        "LifecycleSupportEndDate": context.now + timedelta(days=455),
    }
    version = {"Engine": "aurora-postgresql", "EngineVersion": "15.4", "Status": "available"}
    major = {
        "Engine": "aurora-postgresql",
        "MajorEngineVersion": "15",
        "SupportedEngineLifecycles": [lifecycle],
    }
    context.answer("rds:DescribeDBEngineVersions", lambda _asked: {"DBEngineVersions": [version]})
    context.answer("rds:DescribeDBMajorEngineVersions", lambda _asked: {"DBMajorEngineVersions": [major]})
